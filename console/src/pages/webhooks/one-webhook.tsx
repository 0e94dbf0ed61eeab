import { useState } from 'preact/hooks';
import type { Api } from '../../api/client.ts';
import type { Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/form.tsx';
import { useDetailTitle } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Ago } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { Deliveries } from './deliveries.tsx';
import { Explain } from './explain.tsx';
import { webhooksMessages } from './messages.ts';
import { canSign, deliveryCurl } from './presets.ts';
import { FirstDelivery, SetUp, ShownOnce, sampleOf, usePreset } from './shown-once.tsx';
import { isTargetPaused, Targets } from './targets.tsx';
import { WebhookForm } from './webhook-form.tsx';

interface Loaded {
  readonly webhook: Webhook;
  /** Of what an admin changes: deliveries leave it as it is. */
  readonly etag: string | null;
}

async function readWebhook(api: Api, id: string, signal: AbortSignal): Promise<Loaded> {
  const { body, headers } = await api.ask<Webhook>('GET', `/webhooks/${id}`, { signal });
  return { webhook: body, etag: headers.get('etag') };
}

export function OneWebhook({ id, tab, openId }: { id: string; tab: string; openId: string | null }) {
  const query = useQuery(`webhook:${id}`, (api, signal) => readWebhook(api, id, signal));
  return (
    <QueryView query={query}>
      {(loaded) => (
        <WebhookView key={loaded.webhook.id} loaded={loaded} tab={tab} openId={openId} onChanged={query.reload} />
      )}
    </QueryView>
  );
}

interface WebhookViewProps {
  readonly loaded: Loaded;
  readonly tab: string;
  readonly openId: string | null;
  readonly onChanged: () => void;
}

function WebhookView({ loaded: { webhook, etag }, tab, openId, onChanged }: WebhookViewProps) {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const say = useToast();
  const [made, setMade] = useState<Webhook | null>(null);
  const place = `/webhooks/${webhook.id}`;
  useDetailTitle(webhook.webhook_name);
  const save = async (body: Record<string, unknown>, version: string | null): Promise<void> => {
    const changed = await api.send<Webhook>('PATCH', place, body, version === null ? {} : { 'if-match': version });
    const madeSecrets = Object.keys(changed.target_secrets ?? {}).length > 0 || changed.target_secret !== undefined;
    if (madeSecrets) setMade(changed);
    say(t('saved'));
    onChanged();
  };
  return (
    <>
      <WebhookHead webhook={webhook} onChanged={onChanged} />
      <Tabs
        label={t('views')}
        current={tab}
        tabs={[
          { key: 'address', name: t('overviewTab'), href: hrefOf(place) },
          { key: 'deliveries', name: t('deliveries'), href: hrefOf(`${place}/deliveries`) },
          { key: 'signature', name: t('signatureTab'), href: hrefOf(`${place}/signature`) },
          { key: 'settings', name: t('settings'), href: hrefOf(`${place}/settings`) },
        ]}
      />
      {tab === 'address' && <Address webhook={webhook} onChanged={onChanged} />}
      {tab === 'deliveries' && <Deliveries openId={openId} webhookId={webhook.id} />}
      {tab === 'signature' && <Explain webhook={webhook} />}
      {tab === 'settings' && <WebhookForm webhook={webhook} etag={etag} onSend={save} onReload={onChanged} />}
      {made !== null && <ShownOnce webhook={made} title={t('ready')} onDone={() => setMade(null)} />}
    </>
  );
}

function Address({ webhook, onChanged }: { webhook: Webhook; onChanged: () => void }) {
  const t = useMessages(webhooksMessages);
  const preset = usePreset(webhook.source_service);
  const formats = useFormats();
  return (
    <div class="stack">
      {webhook.last_received_at === null && <FirstDelivery webhook={webhook} />}
      {preset !== undefined && <SetUp preset={preset} />}
      <Code label={t('url')} text={webhook.webhook_url} />
      {canSign(webhook.signature_scheme) ? (
        <Code
          label={t('tryIt')}
          text={deliveryCurl(
            webhook.webhook_url,
            webhook.signature_scheme,
            webhook.signature_header,
            webhook.signature_scheme === 'none' ? null : 'SECRET',
            sampleOf(preset, webhook),
          )}
        />
      ) : (
        <p class="notice">{t('useTest')}</p>
      )}
      <section class="panel">
        <dl class="facts">
          <dt>{t('source')}</dt>
          <dd>
            <Foreign text={webhook.source_service} />
          </dd>
          <dt>{t('scheme')}</dt>
          <dd>
            <code>{webhook.signature_scheme}</code> <Foreign text={webhook.signature_header ?? ''} />
          </dd>
          <dt>{t('eventTypes')}</dt>
          <dd>
            <Foreign text={webhook.event_types.join(', ')} />
          </dd>
          <dt>{t('received')}</dt>
          <dd>{formats.number(webhook.total_received)}</dd>
          <dt>{t('failed')}</dt>
          <dd>{formats.number(webhook.total_failed)}</dd>
          <dt>{t('last')}</dt>
          <dd>{webhook.last_received_at === null ? t('never') : <Ago iso={webhook.last_received_at} />}</dd>
        </dl>
      </section>
      <Targets webhook={webhook} onChanged={onChanged} />
    </div>
  );
}

type Question = 'delete' | 'secret' | 'token';

function WebhookHead({ webhook, onChanged }: { webhook: Webhook; onChanged: () => void }) {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const isAdmin = useIsAdmin();
  const say = useToast();
  const sending = useSending();
  const [question, setQuestion] = useState<Question | null>(null);
  const [shown, setShown] = useState<Webhook | null>(null);
  const name = webhook.webhook_name;
  const arePaused = isTargetPaused(webhook);
  const place = `/webhooks/${webhook.id}`;
  const act = (path: string, said: string): void =>
    void sending.run(async () => {
      await api.send('POST', `${place}/${path}`, {});
      say(said);
      onChanged();
    });
  const turn = async (is_active: boolean): Promise<void> => {
    await api.send('PATCH', place, { is_active });
    say(t(is_active ? 'switchedOn' : 'switchedOff', { name }), () => void turn(!is_active));
    onChanged();
  };
  const confirm = (): void => {
    const asked = question;
    setQuestion(null);
    void sending.run(async () => {
      if (asked === 'delete') {
        await api.send('DELETE', place);
        say(t('deleted', { name }));
        go(hrefOf('/webhooks'));
      } else if (asked === 'secret') {
        const { secret_key } = await api.send<{ secret_key: string }>('POST', `${place}/rotate-secret`, {});
        setShown({ ...webhook, secret_key });
      } else {
        const { webhook_url } = await api.send<{ webhook_url: string }>('POST', `${place}/rotate-token`, {});
        setShown({ ...webhook, webhook_url });
        onChanged();
      }
    });
  };
  const questions = {
    delete: { title: t('deleteTitle', { name }), text: t('deleteText'), verb: t('delete') },
    secret: { title: `${t('rotateSecret')}: ${name}`, text: t('rotateSecretText'), verb: t('rotateSecret') },
    token: { title: `${t('rotateToken')}: ${name}`, text: t('rotateTokenText'), verb: t('rotateToken') },
  } as const;
  return (
    <div class="object-head">
      <p>
        <a href={hrefOf('/webhooks')}>← {t('back')}</a>
      </p>
      <div class="panel-head">
        <h2>
          <Foreign text={name} /> <Status status={webhook.is_active ? 'active' : 'off'} />{' '}
          {arePaused && <Status status="paused" />}
        </h2>
        {isAdmin && (
          <span class="actions">
            <button
              type="button"
              class="button small"
              aria-disabled={sending.isSending}
              onClick={() => act('test', t('testSent'))}
            >
              {t('test')}
            </button>
            {webhook.target_count > 0 && (
              <button
                type="button"
                class="button small"
                aria-disabled={sending.isSending}
                onClick={() => (arePaused ? act('resume-target', t('resumed')) : act('pause-target', t('paused')))}
              >
                {arePaused ? t('resumeTarget') : t('pauseTarget')}
              </button>
            )}
            <button
              type="button"
              class="button small"
              aria-disabled={sending.isSending}
              onClick={() => void sending.run(() => turn(!webhook.is_active))}
            >
              {webhook.is_active ? t('switchOff') : t('switchOn')}
            </button>
            <button type="button" class="button small" onClick={() => setQuestion('secret')}>
              {t('rotateSecret')}
            </button>
            <button type="button" class="button small" onClick={() => setQuestion('token')}>
              {t('rotateToken')}
            </button>
            <button type="button" class="button small" onClick={() => setQuestion('delete')}>
              {t('delete')}
            </button>
          </span>
        )}
      </div>
      {webhook.target_off_reason !== null && (
        <p class="notice">
          <Foreign text={t('targetOff', { reason: webhook.target_off_reason })} />
        </p>
      )}
      <FormFault error={sending.error} />
      {question !== null && (
        <Confirm
          {...questions[question]}
          isDangerous={question === 'delete' || question === 'token'}
          onConfirm={confirm}
          onCancel={() => setQuestion(null)}
        />
      )}
      {shown !== null && <ShownOnce webhook={shown} title={t('ready')} onDone={() => setShown(null)} />}
    </div>
  );
}
