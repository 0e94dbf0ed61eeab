import { useEffect, useState } from 'preact/hooks';
import type { SignatureVerdict, Webhook, WholeDelivery } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { usePlace } from '../../app/location.tsx';
import { useApi } from '../../app/session.tsx';
import { useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Fault } from '../../parts/fault.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, TextField, useSending } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { StatusIcon } from '../../parts/status.tsx';
import { hasBody } from './kept-body.ts';
import { webhooksMessages } from './messages.ts';

/** Why a signature matches or not, without showing a secret. */
export function Explain({ webhook }: { webhook: Webhook }) {
  const t = useMessages(webhooksMessages);
  const parts = useMessages(partsMessages);
  const { language } = useLanguage();
  const api = useApi();
  const { query } = usePlace();
  const deliveryId = query.get('delivery');
  const [headers, setHeaders] = useState('');
  const [body, setBody] = useState('');
  const [hasMasked, setMasked] = useState(false);
  const [isBodyMissing, setBodyMissing] = useState(false);
  const [verdict, setVerdict] = useState<SignatureVerdict | null>(null);
  const sending = useSending();
  const kept = useQuery(deliveryId === null ? null : `delivery:${deliveryId}`, (asking, signal) =>
    asking.get<WholeDelivery>(`/webhooks/events/${deliveryId}`, {}, signal),
  );
  const delivery = kept.data;
  useEffect(() => {
    if (delivery === null) return;
    setHeaders(
      Object.entries(delivery.headers)
        .filter(([, value]) => !isMasked(value))
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
    );
    setMasked(Object.values(delivery.headers).some(isMasked));
    setBodyMissing(!hasBody(delivery));
    setBody(hasBody(delivery) ? bodyOf(delivery) : '');
  }, [delivery]);
  const explain = (): void =>
    void sending.run(async () => {
      setVerdict(null);
      setVerdict(
        await api.send<SignatureVerdict>('POST', `/webhooks/${webhook.id}/explain-signature`, {
          headers: readHeaders(headers),
          body,
        }),
      );
    });
  return (
    <form
      class="form panel"
      onInput={() => setVerdict(null)}
      onSubmit={(event) => {
        event.preventDefault();
        explain();
      }}
    >
      <h2>{t('explain')}</h2>
      <p class="muted">{t('explainHint')}</p>
      {sending.error?.status === 404 ? (
        <p class="notice">{parts('notAvailable')}</p>
      ) : (
        <FormFault error={sending.error} />
      )}
      {kept.error !== null && <Fault error={kept.error} onRetry={() => kept.reload()} />}
      {hasMasked && <p class="notice">{t('maskedSignature')}</p>}
      <TextField
        label={t('explainHeaders')}
        lines={4}
        value={headers}
        onInput={setHeaders}
        placeholder={`${webhook.signature_header ?? 'X-Webhook-Signature'}: …`}
      />
      {isBodyMissing && <p class="notice">{t('bodyNotKept')}</p>}
      <TextField label={t('explainBody')} lines={6} value={body} onInput={setBody} />
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={sending.isSending}>
          {t('explainGo')}
        </button>
      </div>
      {verdict !== null && (
        <div class={verdict.matches ? 'notice good-notice' : 'fault'} role="status">
          <p>
            <StatusIcon tone={verdict.matches ? 'good' : 'bad'} /> {verdict.matches ? t('matches') : t('differs')}{' '}
            <code>{verdict.scheme}</code>
          </p>
          <ul class="hints">
            {verdict.checked.map(({ secret, matches }) => (
              <li key={secret}>
                {t('checkedSecret', {
                  secret: secret === 'current' ? t('current') : t('previous'),
                  result: matches ? t('yes') : t('no'),
                })}
              </li>
            ))}
            {(language === 'ru' ? verdict.hints_ru : verdict.hints).map((hint) => (
              <li key={hint}>
                <Foreign text={hint} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}

/** The sent text, byte for byte, if it is text. */
function bodyOf({ payload, payload_base64: raw }: WholeDelivery): string {
  if (raw !== null) return new TextDecoder().decode(Uint8Array.from(atob(raw), (one) => one.charCodeAt(0)));
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}

function isMasked(value: unknown): boolean {
  return typeof value === 'string' && value.includes('[masked]');
}

function readHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return headers;
}
