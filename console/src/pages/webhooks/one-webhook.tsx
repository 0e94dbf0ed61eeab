import { useState } from 'preact/hooks';
import type { Webhook } from '../../api/types.ts';
import { type Reload, useQuery } from '../../api/use-query.ts';
import { go, hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { useDetailTitle } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Ago } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { changeWebhook, type Loaded, readWebhook } from './change-webhook.ts';
import { Deliveries } from './deliveries.tsx';
import { Explain } from './explain.tsx';
import { webhooksMessages } from './messages.ts';
import { canSign, deliveryCurl } from './presets.ts';
import { FirstDelivery, SetUp, ShownOnce, sampleOf, usePreset } from './shown-once.tsx';
import { isTargetPaused, Targets, useOffReason } from './targets.tsx';
import { WebhookForm } from './webhook-form.tsx';

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
  readonly onChanged: Reload<Loaded>;
}

function WebhookView({ loaded: { webhook, etag }, tab, openId, onChanged }: WebhookViewProps) {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const say = useToast();
  const [made, setMade] = useState<Webhook | null>(null);
  const place = `/webhooks/${webhook.id}`;
  useDetailTitle(webhook.webhook_name);
  const save = async (body: Record<string, unknown>, version: string | null): Promise<void> => {
    const changed = await changeWebhook(api, webhook.id, body, { etag: version });
    const { target_secrets, target_secret } = changed.made;
    if (Object.keys(target_secrets ?? {}).length > 0 || target_secret !== undefined) setMade(changed.made);
    onChanged(changed.onto);
    say(t('saved'));
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

function Address({ webhook, onChanged }: { webhook: Webhook; onChanged: Reload<Loaded> }) {
  const t = useMessages(webhooksMessages);
  const preset = usePreset(webhook.source_service);
  const formats = useFormats();
  return (
    <div class="stack">
      {webhook.last_received_at === null && <FirstDelivery webhook={webhook} />}
      {preset !== undefined && webhook.signature_scheme !== 'none' && <SetUp preset={preset} />}
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

function WebhookHead({ webhook, onChanged }: { webhook: Webhook; onChanged: Reload<Loaded> }) {
  const t = useMessages(webhooksMessages);
  const offReasonOf = useOffReason();
  const api = useApi();
  const isAdmin = useIsAdmin();
  const say = useToast();
  const sending = useSending();
  const [question, setQuestion] = useState<Question | null>(null);
  const [shown, setShown] = useState<Webhook | null>(null);
  const name = webhook.webhook_name;
  const arePaused = isTargetPaused(webhook);
  const place = `/webhooks/${webhook.id}`;
  const test = (): void =>
    void sending.run(async () => {
      await api.sendOnce(`${place}/test`, {});
      say(t('testSent'));
      onChanged((loaded) => loaded);
    });
  const pause = (pauses: boolean): void =>
    void sending.run(async () => {
      const action = pauses ? 'pause-target' : 'resume-target';
      onChanged((await changeWebhook(api, webhook.id, {}, { action })).onto);
      say(t(pauses ? 'paused' : 'resumed'));
    });
  const turn = async (is_active: boolean): Promise<void> => {
    onChanged((await changeWebhook(api, webhook.id, { is_active })).onto);
    say(t(is_active ? 'switchedOn' : 'switchedOff', { name }), () => turn(!is_active));
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
        onChanged((loaded) => ({ ...loaded, webhook: { ...loaded.webhook, webhook_url } }));
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
            <button type="button" class="button small" aria-disabled={sending.isSending} onClick={test}>
              {t('test')}
            </button>
            {webhook.target_count > 0 && (
              <button
                type="button"
                class="button small"
                aria-disabled={sending.isSending}
                onClick={() => pause(!arePaused)}
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
          <Foreign text={t('targetOff', { reason: offReasonOf(webhook.target_off_reason) })} />
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
