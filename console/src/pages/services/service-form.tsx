import type { Service } from '../../api/types.ts';
import { useLeaveGuard } from '../../app/location.tsx';
import { useIsAdmin, useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf, yamlOf } from '../../parts/forms/curl.ts';
import { BothVersions, Changes, type Editing, textFieldsOf, useDraft } from '../../parts/forms/draft.tsx';
import { CheckField, FormFault, SelectField, TextField } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { ConfigFields } from './config-fields.tsx';
import {
  adapters,
  bodyOf,
  changesOf,
  type Draft,
  draftOf,
  emptyDraft,
  limitNames,
  parseObject,
  rebase,
  serviceTypes,
  shownOf,
} from './draft.ts';
import { servicesMessages } from './messages.ts';

interface ServiceFormProps {
  /** null: a new service. */
  readonly service: Service | null;
  readonly etag?: string | null;
  readonly others: readonly Service[];
  /** With the version that the edits are based on. */
  readonly onSend: (body: Record<string, unknown>, etag: string | null) => Promise<void>;
  readonly onReload?: () => void;
}

const fields = Object.keys(emptyDraft);
const perNames = {
  rate_limit_per_minute: 'limitPerMinute',
  rate_limit_per_hour: 'limitPerHour',
  rate_limit_per_day: 'limitPerDay',
  rate_limit_per_month: 'limitPerMonth',
} as const;

export function ServiceForm({ service, etag = null, others, onSend, onReload }: ServiceFormProps) {
  const t = useMessages(servicesMessages);
  const parts = useMessages(partsMessages);
  const isAdmin = useIsAdmin();
  const { tenant = '' } = useSession();
  const drafting = useDraft<Draft>(
    { loaded: service === null ? emptyDraft : draftOf(service), etag, onReload },
    rebase,
  );
  const { base, draft, theirs, sending, set } = drafting;
  const field = textFieldsOf(drafting);
  const body = service === null ? bodyOf(draft) : changesOf(base, draft);
  const isChanged =
    service === null ? JSON.stringify(draft) !== JSON.stringify(emptyDraft) : Object.keys(body).length > 0;
  useLeaveGuard(isChanged && !sending.isSending, parts('leave'));
  const shown = masked(body);
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void drafting.save((version) => onSend(body, version));
      }}
    >
      <BothVersions drafting={drafting} shownOf={shownOf} />
      <FormFault error={sending.error} fields={fields} />
      <WhatItIs drafting={drafting} isNew={service === null} />
      <Access drafting={drafting} service={service} />
      <ConfigFields
        config={parseObject(draft.config) ?? {}}
        isHttp={isHttp(draft)}
        onChange={(config) => set({ config: JSON.stringify(config, null, 2) })}
        sending={sending}
      />
      <LimitFields drafting={drafting} />
      <OrderFields drafting={drafting} service={service} others={others} />
      <fieldset class="panel">
        <legend class="section-title">{t('sectionMore')}</legend>
        <div class="form">
          <TextField
            label={t('config')}
            hint={t('configHint')}
            lines={6}
            value={draft.config}
            onInput={(config) => set({ config })}
            fault={parseObject(draft.config) === null ? t('notJson') : sending.faultOf('config')}
          />
          <TextField label={t('description')} {...field('description')} />
          <TextField label={t('tags')} hint={t('tagsHint')} {...field('tags')} />
        </div>
      </fieldset>
      {isAdmin && (
        <div class="actions">
          <button
            type="submit"
            class="button primary"
            aria-disabled={sending.isSending || !isChanged || theirs !== null || parseObject(draft.config) === null}
          >
            {sending.isSending ? t('saving') : service === null ? t('create') : t('save')}
          </button>
          {!isChanged && service !== null && <span class="muted">{t('unchanged')}</span>}
        </div>
      )}
      {isChanged && (
        <>
          {service !== null && <Changes before={shownOf(base)} after={shownOf(draft)} />}
          <Code
            label={t('asCurl')}
            text={
              service === null
                ? curlOf('POST', '/services', tenant, shown)
                : curlOf('PATCH', `/services/${service.id}`, tenant, shown)
            }
          />
          <Code label={t('asYaml')} text={yamlOf(shown).trimStart()} />
        </>
      )}
    </form>
  );
}

interface Section {
  readonly drafting: Editing<Draft>;
}

function WhatItIs({ drafting, isNew }: Section & { isNew: boolean }) {
  const { draft, set, sending } = drafting;
  const field = textFieldsOf(drafting);
  const t = useMessages(servicesMessages);
  const config = parseObject(draft.config) ?? {};
  const adapter = typeof config.adapter === 'string' ? config.adapter : '';
  const setAdapter = (value: string): void => {
    const { adapter: _before, ...others } = config;
    set({ config: JSON.stringify(value === '' ? others : { adapter: value, ...others }, null, 2) });
  };
  return (
    <fieldset class="panel">
      <legend class="section-title">{t('sectionWhat')}</legend>
      <div class="form-grid">
        <TextField
          label={t('serviceName')}
          hint={t('serviceNameHint')}
          {...field('service_name')}
          isRequired
          isReadOnly={!isNew}
        />
        {isNew ? (
          <SelectField
            label={t('type')}
            {...field('service_type')}
            options={serviceTypes.map((type) => ({ value: type, name: type }))}
          />
        ) : (
          <TextField label={t('type')} value={draft.service_type} onInput={() => undefined} isReadOnly />
        )}
        <SelectField
          label={t('adapter')}
          hint={t('adapterHint')}
          value={adapter}
          onInput={setAdapter}
          options={[{ value: '', name: '–' }, ...adapters.map((name) => ({ value: name, name }))]}
          fault={sending.faultOf('config.adapter')}
        />
        <TextField label={t('displayName')} {...field('display_name')} />
      </div>
    </fieldset>
  );
}

function Access({ drafting, service }: Section & { service: Service | null }) {
  const field = textFieldsOf(drafting);
  const t = useMessages(servicesMessages);
  return (
    <fieldset class="panel">
      <legend class="section-title">{t('sectionAccess')}</legend>
      <div class="form">
        <TextField label={t('baseUrl')} hint={t('baseUrlHint')} {...field('base_url')} />
        <TextField
          label={t('apiKey')}
          hint={`${service?.has_api_key === true ? `${t('hasKey')} ` : ''}${t('apiKeyHint')}`}
          type="password"
          autocomplete="new-password"
          {...field('api_key')}
        />
        <TextField label={t('credentials')} hint={t('credentialsHint')} lines={3} {...field('credentials')} />
      </div>
    </fieldset>
  );
}

/** Without `config.adapter` the name selects a vendor's adapter, or else `http`. */
function isHttp({ config, service_name: name }: Draft): boolean {
  const adapter = parseObject(config)?.adapter;
  if (typeof adapter === 'string' && adapter !== '') return adapter === 'http';
  return !(adapters as readonly string[]).includes(name);
}

/** The copied text contains no secret: a shell variable replaces it. */
function masked(body: Record<string, unknown>): Record<string, unknown> {
  return {
    ...body,
    ...(body.api_key === undefined ? {} : { api_key: '$API_KEY' }),
    ...(body.credentials === undefined ? {} : { credentials: '$CREDENTIALS' }),
  };
}

function LimitFields({ drafting }: Section) {
  const field = textFieldsOf(drafting);
  const t = useMessages(servicesMessages);
  return (
    <fieldset class="panel">
      <legend class="section-title">{t('sectionLimits')}</legend>
      <div class="form-grid">
        {limitNames.map((name) => (
          <TextField key={name} label={t(perNames[name])} hint={t('limitsHint')} type="number" {...field(name)} />
        ))}
      </div>
    </fieldset>
  );
}

function OrderFields({ drafting, service, others }: Section & Pick<ServiceFormProps, 'service' | 'others'>) {
  const { draft, set } = drafting;
  const field = textFieldsOf(drafting);
  const t = useMessages(servicesMessages);
  return (
    <fieldset class="panel">
      <legend class="section-title">{t('sectionOrder')}</legend>
      <div class="form-grid">
        <TextField label={t('priority')} hint={t('priorityHint')} type="number" {...field('priority')} />
        <SelectField
          label={t('fallback')}
          hint={t('fallbackHint')}
          {...field('fallback_service_id')}
          options={[
            { value: '', name: t('none') },
            ...others
              .filter((other) => other.service_type === draft.service_type && other.id !== service?.id)
              .map((other) => ({ value: other.id, name: other.service_name })),
          ]}
        />
      </div>
      <CheckField label={t('isActive')} checked={draft.is_active} onInput={(is_active) => set({ is_active })} />
    </fieldset>
  );
}
