/** After creation: the address, the secret shown once, a `curl`, and a line that turns green at the first delivery. */
import { useState } from 'preact/hooks';
import type { Delivery, SourceAnswer, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ForeignUrl } from '../../parts/foreign-text.tsx';
import { CheckField } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { Status } from '../../parts/status.tsx';
import { webhooksMessages } from './messages.ts';
import { canSign, deliveryCurl, type Preset, presetsOf } from './presets.ts';
import { targetsMessages } from './targets-messages.ts';

const listenMs = 1_500;

export function ShownOnce({ webhook, title, onDone }: { webhook: Webhook; title: string; onDone: () => void }) {
  const t = useMessages(webhooksMessages);
  const parts = useMessages(partsMessages);
  const secret = webhook.secret_key ?? null;
  const preset = usePreset(webhook.source_service);
  const targetsText = useMessages(targetsMessages);
  const targetSecrets = Object.entries(webhook.target_secrets ?? {});
  const holdsSecret = secret !== null || webhook.target_secret !== undefined || targetSecrets.length > 0;
  const secrets = [
    ...(secret === null ? [] : [{ label: t('secretOnce'), text: secret }]),
    ...(webhook.verify_token === undefined ? [] : [{ label: t('verifyToken'), text: webhook.verify_token }]),
    ...(webhook.target_secret === undefined ? [] : [{ label: t('targetSecret'), text: webhook.target_secret }]),
    ...targetSecrets.map(([id, made]) => ({
      label: targetsText('secretOf', { url: urlOfTarget(webhook, id) }),
      text: made,
    })),
  ];
  const [isTicked, setTicked] = useState(!holdsSecret);
  const [copied, setCopied] = useState<ReadonlySet<string>>(new Set());
  const isKept = isTicked || secrets.every(({ text }) => copied.has(text));
  return (
    <Dialog title={title} onClose={onDone} isHeld hasEdits={!isKept}>
      {holdsSecret && <p class="notice">{t('onceOnly')}</p>}
      <Code label={t('url')} text={webhook.webhook_url} />
      {secrets.map(({ label, text }) => (
        <Code key={label} label={label} text={text} onCopied={() => setCopied(new Set([...copied, text]))} />
      ))}
      {preset !== undefined && <SetUp preset={preset} />}
      {canSign(webhook.signature_scheme) ? (
        <Code
          label={t('tryIt')}
          text={deliveryCurl(
            webhook.webhook_url,
            webhook.signature_scheme,
            webhook.signature_header,
            secret,
            sampleOf(preset, webhook),
          )}
        />
      ) : (
        <p class="notice">{t('useTest')}</p>
      )}
      <FirstDelivery webhook={webhook} />
      {holdsSecret && <CheckField label={t('kept')} checked={isKept} onInput={setTicked} />}
      <div class="actions">
        <button type="button" class="button primary" aria-disabled={!isKept} onClick={onDone}>
          {parts('done')}
        </button>
      </div>
    </Dialog>
  );
}

function urlOfTarget(webhook: Webhook, id: string): string {
  return String(webhook.targets.find((target) => target.id === id)?.url ?? id);
}

export function FirstDelivery({ webhook }: { webhook: Webhook }) {
  const t = useMessages(webhooksMessages);
  const query = useQuery(
    `first:${webhook.id}`,
    (api, signal) =>
      api.get<{ events: readonly Delivery[] }>('/webhooks/events', { webhook_id: webhook.id, limit: 1 }, signal),
    { refreshMs: listenMs },
  );
  const [first] = query.data?.events ?? [];
  return (
    <p class={`notice ${first === undefined ? '' : 'good-notice'}`} role="status">
      {first === undefined ? (
        t('listening')
      ) : (
        <span>
          <Status status={first.status} /> {t('arrived')}{' '}
          <a href={hrefOf(`/webhooks/deliveries/${first.id}`)}>{t('openDelivery')}</a>
        </span>
      )}
    </p>
  );
}

/** The preset of a sender; undefined for an unknown one. */
export function usePreset(name: string): Preset | undefined {
  const sources = useQuery('webhook-sources', (api, signal) =>
    api.get<{ sources: readonly SourceAnswer[] }>('/webhooks/sources', {}, signal),
  );
  return sources.data === null ? undefined : presetsOf(sources.data.sources).find((preset) => preset.name === name);
}

/** For senders whose deliveries have a new id each time; for others the second paste would be a duplicate. */
export function sampleOf(preset: Preset | undefined, webhook: Webhook): Preset['sample'] {
  return preset === undefined || preset.name === 'custom' || preset.scheme !== webhook.signature_scheme
    ? null
    : preset.sample;
}

/** Steps on the sender's side. */
export function SetUp({ preset }: { preset: Preset }) {
  const t = useMessages(webhooksMessages);
  const { language } = useLanguage();
  if (preset.setUp === null) return null;
  return (
    <div class="notice">
      <h3>
        {t('paste')}: {preset.title}
      </h3>
      <p>{preset.setUp[language]}</p>
      {preset.documentationUrl !== null && <ForeignUrl url={preset.documentationUrl} />}
    </div>
  );
}
