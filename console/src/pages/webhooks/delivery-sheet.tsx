import type { ComponentChildren } from 'preact';
import type { Webhook, WholeDelivery } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { webhooksMessages } from './messages.ts';
import { targetsMessages } from './targets-messages.ts';

/** In plain words, for the reasons that an operator can act on. */
const reasons: Readonly<Record<string, keyof typeof webhooksMessages>> = {
  wrong_signature: 'reasonBadSignature',
  signature_mismatch: 'reasonBadSignature',
  bad_signature: 'reasonBadSignature',
  invalid_signature: 'reasonBadSignature',
  missing_signature: 'reasonMissing',
  malformed_signature: 'reasonMalformed',
  stale_timestamp: 'reasonStale',
  address_not_allowed: 'reasonAddress',
};

export function DeliverySheet({ id, onClose, onChanged }: { id: string; onClose: () => void; onChanged: () => void }) {
  const t = useMessages(webhooksMessages);
  const query = useQuery(
    `delivery:${id}`,
    (api, signal) => api.get<WholeDelivery>(`/webhooks/events/${id}`, {}, signal),
    { refreshMs: 5_000 },
  );
  return (
    <Dialog title={t('delivery', { id })} kind="sheet" onClose={onClose}>
      <QueryView query={query}>
        {(delivery) => (
          <Whole
            delivery={delivery}
            onChanged={() => {
              query.reload();
              onChanged();
            }}
          />
        )}
      </QueryView>
    </Dialog>
  );
}

/** What became of the delivery at each of its targets. */
function TargetStates({ delivery }: { delivery: WholeDelivery }) {
  const t = useMessages(targetsMessages);
  const formats = useFormats();
  const query = useQuery(`targets-of:${delivery.webhook_id}`, (api, signal) =>
    api.get<Webhook>(`/webhooks/${delivery.webhook_id}`, {}, signal),
  );
  const urlOf = (id: string): string =>
    (id === delivery.webhook_id
      ? query.data?.target_url
      : (query.data?.targets.find((target) => target.id === id)?.url as string | undefined)) ?? id;
  return (
    <section class="panel">
      <h2>{t('sendsTo')}</h2>
      <ul class="plain-list">
        {delivery.targets.map((target) => (
          <li key={target.target_id}>
            <Status status={target.status} /> <Foreign text={urlOf(target.target_id)} />{' '}
            <span class="muted">{t('attempts', { count: target.attempt_count })}</span>{' '}
            {target.next_attempt_at !== null && (
              <span class="muted">{t('nextAttempt', { time: formats.time(target.next_attempt_at) })}</span>
            )}{' '}
            {target.last_error !== null && <Foreign text={target.last_error} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Whole({ delivery, onChanged }: { delivery: WholeDelivery; onChanged: () => void }) {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const isAdmin = useIsAdmin();
  const formats = useFormats();
  const say = useToast();
  const sending = useSending();
  const act = (path: string, said: string, body: Record<string, unknown> = {}): void =>
    void sending.run(async () => {
      await api.send('POST', `/webhooks/events/${delivery.id}/${path}`, body);
      say(said);
      onChanged();
    });
  const reason = delivery.refusal_reason === null ? undefined : reasons[delivery.refusal_reason];
  const isRefused = delivery.status === 'refused';
  return (
    <div class="stack">
      <p class="lead">
        <Status status={delivery.status} /> {delivery.target !== null && <Status status={delivery.target.status} />}{' '}
        <Foreign text={delivery.event_type} /> {delivery.is_test && <span class="muted">{t('isTest')}</span>}
      </p>
      {delivery.refusal_reason !== null && (
        <div class="fault">
          <p>
            {reason === undefined ? <Foreign text={delivery.refusal_reason} /> : t(reason)}{' '}
            <code>{delivery.refusal_reason}</code>
          </p>
          <a href={hrefOf(`/webhooks/${delivery.webhook_id}/signature`, { delivery: delivery.id })}>{t('explain')}</a>
        </div>
      )}
      <FormFault error={sending.error} />
      <div class="actions">
        {isAdmin && !isRefused && (
          <button
            type="button"
            class="button primary"
            disabled={sending.isSending}
            onClick={() => act('retry', t('sentAgain'))}
          >
            {t('sendAgain')}
          </button>
        )}
        {isAdmin && !isRefused && delivery.target !== null && (
          <button
            type="button"
            class="button"
            disabled={sending.isSending}
            onClick={() => act('retry', t('sentAgain'), { to: 'target' })}
          >
            {t('toTargetOnly')}
          </button>
        )}
        {isAdmin && isRefused && (
          <button
            type="button"
            class="button"
            disabled={sending.isSending}
            onClick={() => act('accept', t('accepted'))}
          >
            {t('accept')}
          </button>
        )}
        <CopyButton text={window.location.href} label={t('copyLink')} />
      </div>
      <Way delivery={delivery} />
      {delivery.targets.length > 1 && <TargetStates delivery={delivery} />}
      <section class="panel">
        <h2>{t('body')}</h2>
        <BodyView value={delivery.payload ?? delivery.payload_base64} label={t('body')} />
      </section>
      <section class="panel">
        <h2>{t('headers')}</h2>
        <BodyView value={delivery.headers} label={t('headers')} />
      </section>
      <section class="panel">
        <h2>{t('attempts')}</h2>
        {delivery.attempts.length === 0 ? (
          <p class="empty">{t('noAttempts')}</p>
        ) : (
          <ol class="plain-list">
            {delivery.attempts.map((attempt) => (
              <li key={attempt.id}>
                <details>
                  <summary>
                    {attempt.attempt}. <Time iso={attempt.started_at} withMs /> · {attempt.response_status_code ?? '–'}{' '}
                    · {attempt.duration_ms === null ? '–' : formats.duration(attempt.duration_ms)}{' '}
                    <Foreign text={attempt.error_message ?? ''} />
                  </summary>
                  <BodyView value={attempt.response_body} label={t('attempts')} />
                </details>
              </li>
            ))}
          </ol>
        )}
      </section>
      <section class="panel">
        <h2>{t('facts')}</h2>
        <dl class="facts">
          <dt>{t('deliveryId')}</dt>
          <dd class="mono">
            <Foreign text={delivery.delivery_id} />
          </dd>
          <dt>{t('requestId')}</dt>
          <dd class="mono">
            <Foreign text={delivery.request_id} />
          </dd>
          <dt>{t('size')}</dt>
          <dd>
            {formats.bytes(delivery.payload_size_bytes)} · <Foreign text={delivery.content_type} />
          </dd>
          <dt>{t('webhook')}</dt>
          <dd>
            <a href={hrefOf(`/webhooks/${delivery.webhook_id}`)}>
              <Foreign text={delivery.webhook_name} />
            </a>
          </dd>
        </dl>
      </section>
    </div>
  );
}

/** The moments of a delivery, one below the other, with the time between them. */
function Way({ delivery }: { delivery: WholeDelivery }) {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  const startMs = Date.parse(delivery.received_at);
  const after = (iso: string): string => t('after', { time: formats.duration(Math.max(0, Date.parse(iso) - startMs)) });
  const moments: { key: string; tone: string; text: ComponentChildren; when: ComponentChildren }[] = [
    {
      key: 'received',
      tone: 'good',
      text: t('stepReceived', { address: delivery.source_address ?? '–' }),
      when: <Time iso={delivery.received_at} withMs />,
    },
    {
      key: 'verified',
      tone: delivery.signature_verified ? 'good' : delivery.status === 'refused' ? 'bad' : 'off',
      text: delivery.signature_verified
        ? t('stepVerified')
        : delivery.refusal_reason !== null
          ? t('stepRefused', { reason: delivery.refusal_reason })
          : t('stepNotVerified'),
      when: '',
    },
    ...(delivery.status === 'refused'
      ? []
      : [
          {
            key: 'published',
            tone: delivery.is_published ? 'good' : 'wait',
            text: delivery.is_published ? t('stepPublished') : t('stepNotPublished'),
            when: '',
          },
        ]),
    ...delivery.attempts.map((attempt) => ({
      key: attempt.id,
      tone: attempt.error_message === null && (attempt.response_status_code ?? 0) < 300 ? 'good' : 'bad',
      text: (
        <Foreign
          text={t('stepAttempt', {
            number: attempt.attempt,
            result: String(attempt.response_status_code ?? attempt.error_message ?? '–'),
          })}
        />
      ),
      when: after(attempt.started_at),
    })),
    ...(delivery.target?.next_attempt_at == null
      ? []
      : [
          {
            key: 'next',
            tone: 'wait',
            text: t('stepNext', { time: formats.time(delivery.target.next_attempt_at) }),
            when: '',
          },
        ]),
  ];
  return (
    <section class="panel" aria-label={t('path')}>
      <h2>{t('path')}</h2>
      <ol class="way">
        {moments.map(({ key, tone, text, when }) => (
          <li key={key} class={`way-${tone}`}>
            <span>{text}</span> <span class="muted">{when}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
