import { useState } from 'preact/hooks';
import type { MadeToken, Token } from '../../api/types.ts';
import { useApi, useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, FormFault, TextField, useSending } from '../../parts/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { useToast } from '../../parts/toast.tsx';
import { tokensMessages } from './messages.ts';

const scopes = ['geocoding', 'sheets:read', 'sheets:write', 'proxy', 'logs:read', 'webhooks:read', 'admin'] as const;

const firstScopes: readonly string[] = ['geocoding'];

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** What is left empty is not sent: an older service does not know every member. */
function grantOf({
  tenants,
  services,
  perMinute,
  expires,
}: {
  tenants: string;
  services: string;
  perMinute: string;
  expires: string;
}): Record<string, unknown> {
  return {
    ...(listOf(tenants).length === 0 ? {} : { tenants: listOf(tenants) }),
    ...(listOf(services).length === 0 ? {} : { services: listOf(services) }),
    ...(perMinute === '' ? {} : { rate_limit_per_minute: Number(perMinute) }),
    ...(expires === '' ? {} : { expires_at: new Date(expires).toISOString() }),
  };
}

export function NewToken({ onClose }: { onClose: () => void }) {
  const t = useMessages(tokensMessages);
  const api = useApi();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>(firstScopes);
  const [tenants, setTenants] = useState('');
  const [services, setServices] = useState('');
  const [perMinute, setPerMinute] = useState('');
  const [expires, setExpires] = useState('');
  const [made, setMade] = useState<MadeToken | null>(null);
  const sending = useSending();
  const hasEdits = `${name}${tenants}${services}${perMinute}${expires}` !== '' || chosen.join() !== firstScopes.join();
  if (made !== null) return <ShownToken token={made} onClose={onClose} />;
  const submit = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () =>
      setMade(
        await api.send<MadeToken>('POST', '/tokens', {
          name,
          scopes: chosen,
          ...grantOf({ tenants, services, perMinute, expires }),
        }),
      ),
    );
  };
  return (
    <Dialog title={t('newToken')} onClose={onClose} hasEdits={hasEdits}>
      <form class="form" onSubmit={submit}>
        <FormFault
          error={sending.error}
          fields={['name', 'tenants', 'services', 'rate_limit_per_minute', 'expires_at']}
        />
        <TextField
          label={t('name')}
          hint={t('nameHint')}
          value={name}
          onInput={setName}
          isRequired
          fault={sending.faultOf('name')}
        />
        <fieldset>
          <legend>
            {t('scopes')} <span class="muted">{t('chosen', { count: chosen.length, all: scopes.length })}</span>
          </legend>
          <div class="checks">
            {scopes.map((scope) => (
              <CheckField
                key={scope}
                label={scope}
                checked={chosen.includes(scope)}
                onInput={(isChosen) => setChosen(isChosen ? [...chosen, scope] : chosen.filter((one) => one !== scope))}
              />
            ))}
          </div>
        </fieldset>
        <div class="form-grid">
          <TextField
            label={t('tenants')}
            hint={t('tenantsHint')}
            value={tenants}
            onInput={setTenants}
            fault={sending.faultOf('tenants')}
          />
          <TextField
            label={t('services')}
            hint={t('servicesHint')}
            value={services}
            onInput={setServices}
            fault={sending.faultOf('services')}
          />
          <TextField
            label={t('perMinute')}
            hint={t('perMinuteHint')}
            type="number"
            value={perMinute}
            onInput={setPerMinute}
            fault={sending.faultOf('rate_limit_per_minute')}
          />
          <TextField
            label={t('expires')}
            hint={t('expiresHint')}
            type="datetime-local"
            value={expires}
            onInput={setExpires}
            fault={sending.faultOf('expires_at')}
          />
        </div>
        <div class="actions">
          <button type="submit" class="button primary" disabled={sending.isSending || chosen.length === 0}>
            {t('create')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Closes only by Done, after the token was kept. */
function ShownToken({ token, onClose }: { token: MadeToken; onClose: () => void }) {
  const t = useMessages(tokensMessages);
  const parts = useMessages(partsMessages);
  const { tenant = '' } = useSession();
  const [isKept, setKept] = useState(false);
  const text = token.token;
  const curl = [
    `curl -s ${window.location.origin}/api/v1/geocoding/geocode`,
    `-H 'Authorization: Bearer ${text}'`,
    `-H 'X-Management-Company-Id: ${tenant}'`,
    `-H 'Content-Type: application/json'`,
    `-d '{"address":"Ташкент, улица Навои, 5"}'`,
  ].join(' \\\n  ');
  return (
    <Dialog title={t('shownOnce')} onClose={onClose} isHeld hasEdits={!isKept}>
      <p class="notice">{t('keepIt')}</p>
      <Code label={t('token')} text={text} onCopied={() => setKept(true)} />
      <Code label={t('curl')} text={curl} />
      <CheckField label={t('kept')} checked={isKept} onInput={setKept} />
      <div class="actions">
        <button type="button" class="button primary" disabled={!isKept} onClick={onClose}>
          {parts('done')}
        </button>
      </div>
    </Dialog>
  );
}

export function LimitToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const t = useMessages(tokensMessages);
  const parts = useMessages(partsMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const [services, setServices] = useState((token.services ?? []).join(', '));
  const [perMinute, setPerMinute] = useState(
    token.rate_limit_per_minute == null ? '' : String(token.rate_limit_per_minute),
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () => {
      const limit = perMinute === '' ? null : Number(perMinute);
      await api.send('PATCH', `/tokens/${token.id}`, {
        ...(listOf(services).join() === (token.services ?? []).join()
          ? {}
          : { services: listOf(services).length === 0 ? null : listOf(services) }),
        ...(limit === (token.rate_limit_per_minute ?? null) ? {} : { rate_limit_per_minute: limit }),
      });
      say(t('saved'));
      onClose();
    });
  };
  return (
    <Dialog title={t('limitTitle', { name: token.name })} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {sending.error !== null && (sending.error.status === 404 || sending.error.status === 405) ? (
          <p class="notice">{parts('notAvailable')}</p>
        ) : (
          <FormFault error={sending.error} fields={['services', 'rate_limit_per_minute']} />
        )}
        <TextField
          label={t('services')}
          hint={t('servicesHint')}
          value={services}
          onInput={setServices}
          fault={sending.faultOf('services')}
        />
        <TextField
          label={t('perMinute')}
          hint={t('perMinuteHint')}
          type="number"
          value={perMinute}
          onInput={setPerMinute}
          fault={sending.faultOf('rate_limit_per_minute')}
        />
        <div class="actions">
          <button type="submit" class="button primary" disabled={sending.isSending}>
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
