import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { useMessages } from '../../i18n/messages.ts';
import { type Editing, textFieldsOf } from '../../parts/forms/draft.tsx';
import { CheckField, TextField } from '../../parts/forms/form.tsx';
import { tokensMessages } from './messages.ts';
import { listOf, type TokenDraft } from './token-draft.ts';

const scopeGroups = [
  { name: 'groupPlaces', scopes: ['geocoding'] },
  { name: 'groupSheets', scopes: ['sheets:read', 'sheets:write'] },
  { name: 'groupApis', scopes: ['proxy'] },
  { name: 'groupReads', scopes: ['logs:read', 'webhooks:read'] },
  { name: 'groupAdmin', scopes: ['admin'] },
] as const satisfies readonly { name: keyof typeof tokensMessages; scopes: readonly string[] }[];
const scopeCount = scopeGroups.reduce((sum, { scopes }) => sum + scopes.length, 0);

/** The fields that show their own error. */
export const tokenFields = ['name', 'scopes', 'tenants', 'services', 'rate_limit_per_minute', 'expires_at'];

export function TokenFields({ draft, set, sending }: Editing<TokenDraft>) {
  const field = textFieldsOf({ draft, set, sending });
  const t = useMessages(tokensMessages);
  const known = useQuery('token-services', everyService);
  const services = listOf(draft.services);
  const toggled = (list: readonly string[], one: string, isChosen: boolean): readonly string[] =>
    isChosen ? [...list, one] : list.filter((other) => other !== one);
  const names = [...new Set((known.data?.services ?? []).map(({ service_name }) => service_name))];
  return (
    <>
      <TextField label={t('name')} hint={t('nameHint')} {...field('name')} isRequired />
      <fieldset>
        <legend>
          {t('scopes')} <span class="muted">{t('chosen', { count: draft.scopes.length, all: scopeCount })}</span>
        </legend>
        {scopeGroups.map((group) => (
          <fieldset key={group.name} class="checks">
            <legend class="muted">{t(group.name)}</legend>
            {group.scopes.map((scope) => (
              <CheckField
                key={scope}
                label={scope}
                checked={draft.scopes.includes(scope)}
                onInput={(isChosen) => set({ scopes: toggled(draft.scopes, scope, isChosen) })}
              />
            ))}
          </fieldset>
        ))}
        {sending.faultOf('scopes') !== undefined && <p class="field-fault">{sending.faultOf('scopes')}</p>}
      </fieldset>
      <fieldset>
        <legend>{t('boundTo')}</legend>
        <div class="checks">
          {names.map((name) => (
            <CheckField
              key={name}
              label={name}
              checked={services.includes(name)}
              onInput={(isChosen) => set({ services: toggled(services, name, isChosen).join(', ') })}
            />
          ))}
        </div>
        <TextField
          label={t('services')}
          hint={t('servicesHint')}
          value={draft.services}
          onInput={(text) => set({ services: text })}
          fault={sending.faultOf('services')}
        />
        {services.length > 0 && <p class="hint">{t('boundMeans')}</p>}
      </fieldset>
      <div class="form-grid">
        <TextField label={t('tenants')} hint={t('tenantsHint')} {...field('tenants')} />
        <TextField
          label={t('perMinute')}
          hint={t('perMinuteHint')}
          type="number"
          value={draft.perMinute}
          onInput={(perMinute) => set({ perMinute })}
          fault={sending.faultOf('rate_limit_per_minute')}
        />
        <TextField
          label={t('expires')}
          hint={t('expiresHint')}
          type="datetime-local"
          value={draft.expires}
          onInput={(expires) => set({ expires })}
          fault={sending.faultOf('expires_at')}
        />
      </div>
    </>
  );
}
