import type { WholeDelivery } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { RowSheet } from '../../parts/lists/row-sheet.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toast.tsx';
import { DeliveryWay } from './delivery-way.tsx';
import { hasBody } from './kept-body.ts';
import { webhooksMessages } from './messages.ts';
import { refusalTexts } from './refusal-texts.ts';
import { SendAgain } from './send-again.tsx';

export function DeliverySheet({ id, onClose, onChanged }: { id: string; onClose: () => void; onChanged: () => void }) {
  const t = useMessages(webhooksMessages);
  const query = useQuery(
    `delivery:${id}`,
    (api, signal) => api.get<WholeDelivery>(`/webhooks/events/${id}`, {}, signal),
    { refreshMs: 5_000 },
  );
  return (
    <RowSheet title={t('delivery', { id })} onClose={onClose}>
      <QueryView query={query}>
        {(delivery) => (
          <Whole
            delivery={delivery}
            isOld={query.isOld}
            onChanged={() => {
              query.reload();
              onChanged();
            }}
          />
        )}
      </QueryView>
    </RowSheet>
  );
}

interface WholeProps {
  readonly delivery: WholeDelivery;
  /** After an action: the new state is still loading. */
  readonly isOld: boolean;
  readonly onChanged: () => void;
}

function Whole({ delivery, isOld, onChanged }: WholeProps) {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const isAdmin = useIsAdmin();
  const formats = useFormats();
  const say = useToast();
  const sending = useSending();
  const accept = (): void =>
    void sending.run(async () => {
      await api.sendOnce(`/webhooks/events/${delivery.id}/accept`, {});
      onChanged();
      say(t('accepted'));
    });
  const reason = delivery.refusal_reason === null ? undefined : refusalTexts[delivery.refusal_reason];
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
        {isAdmin && <SendAgain delivery={delivery} isOld={isOld} onSent={onChanged} />}
        {isAdmin && isRefused && (
          <button type="button" class="button" aria-disabled={sending.isSending || isOld} onClick={accept}>
            {t('accept')}
          </button>
        )}
        <CopyButton text={window.location.href} label={t('copyLink')} />
      </div>
      <DeliveryWay delivery={delivery} />
      <section class="panel">
        <h2>{t('body')}</h2>
        {hasBody(delivery) ? (
          <BodyView value={delivery.payload} raw={delivery.payload_base64} label={t('body')} />
        ) : (
          <p class="muted">{t('bodyNotKept')}</p>
        )}
      </section>
      <section class="panel">
        <h2>{t('headers')}</h2>
        <BodyView value={delivery.headers} label={t('headers')} />
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
