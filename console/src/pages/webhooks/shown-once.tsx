/** After creation: the address, the secret once, a `curl`, and a line that turns green when the first delivery comes. */
import { useState } from 'preact/hooks';
import type { Delivery, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField } from '../../parts/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { Status } from '../../parts/status.tsx';
import { webhooksMessages } from './messages.ts';
import { deliveryCurl } from './presets.ts';

const listenMs = 1_500;

export function ShownOnce({ webhook, title, onDone }: { webhook: Webhook; title: string; onDone: () => void }) {
  const t = useMessages(webhooksMessages);
  const parts = useMessages(partsMessages);
  const secret = webhook.secret_key ?? null;
  const [isKept, setKept] = useState(secret === null);
  return (
    <Dialog title={title} onClose={onDone} isHeld>
      {secret !== null && <p class="notice">{t('onceOnly')}</p>}
      <Code label={t('url')} text={webhook.webhook_url} />
      {secret !== null && <Code label={t('secretOnce')} text={secret} />}
      {webhook.target_secret !== undefined && <Code label={t('targetSecret')} text={webhook.target_secret} />}
      <Code
        label={t('tryIt')}
        text={deliveryCurl(webhook.webhook_url, webhook.signature_scheme, webhook.signature_header, secret)}
      />
      <FirstDelivery webhook={webhook} />
      {secret !== null && <CheckField label={t('kept')} checked={isKept} onInput={setKept} />}
      <div class="actions">
        <button type="button" class="button primary" disabled={!isKept} onClick={onDone}>
          {parts('done')}
        </button>
      </div>
    </Dialog>
  );
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
