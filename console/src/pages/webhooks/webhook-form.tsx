import { useState } from 'preact/hooks';
import type { SourceAnswer, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useLeaveGuard } from '../../app/location.tsx';
import { useIsAdmin, useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf, yamlOf } from '../../parts/curl.ts';
import { CheckField, FormFault, SelectField, TextField, useSending } from '../../parts/form.tsx';
import { webhooksMessages } from './messages.ts';
import { presetsOf, schemes, usualPresets } from './presets.ts';
import { SetUp } from './shown-once.tsx';

interface Draft {
  readonly webhook_name: string;
  readonly source_service: string;
  readonly signature_scheme: string;
  readonly signature_header: string;
  readonly secret_key: string;
  readonly event_types: string;
  readonly allowed_ips: string;
  readonly target_url: string;
  readonly ordered: boolean;
  readonly tolerance_seconds: string;
  readonly max_payload_size_bytes: string;
  readonly over_limit_policy: string;
  readonly duplicate_by: string;
  readonly include_raw: boolean;
  readonly target_timeout_seconds: string;
  readonly is_active: boolean;
}

const emptyDraft: Draft = {
  webhook_name: '',
  source_service: 'custom',
  signature_scheme: '',
  signature_header: '',
  secret_key: '',
  event_types: '*',
  allowed_ips: '',
  target_url: '',
  ordered: false,
  tolerance_seconds: '',
  max_payload_size_bytes: '',
  over_limit_policy: 'reject',
  duplicate_by: 'delivery_id',
  include_raw: false,
  target_timeout_seconds: '',
  is_active: true,
};

const numberNames: ReadonlySet<string> = new Set([
  'tolerance_seconds',
  'max_payload_size_bytes',
  'target_timeout_seconds',
]);

function draftOf(webhook: Webhook): Draft {
  return {
    webhook_name: webhook.webhook_name,
    source_service: webhook.source_service,
    signature_scheme: webhook.signature_scheme,
    signature_header: webhook.signature_header ?? '',
    secret_key: '',
    event_types: webhook.event_types.join(', '),
    allowed_ips: webhook.allowed_ips.join(', '),
    target_url: webhook.target_url ?? '',
    ordered: webhook.ordered === true,
    tolerance_seconds: String(webhook.tolerance_seconds),
    max_payload_size_bytes: String(webhook.max_payload_size_bytes),
    over_limit_policy: webhook.over_limit_policy,
    duplicate_by: webhook.duplicate_by,
    include_raw: webhook.include_raw,
    target_timeout_seconds: webhook.target_timeout_seconds === null ? '' : String(webhook.target_timeout_seconds),
    is_active: webhook.is_active,
  };
}

function changesOf(before: Draft, after: Draft): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(after) as (keyof Draft)[]) {
    if (after[name] !== before[name]) changes[name] = sentValue(name, after[name]);
  }
  return changes;
}

function sentValue(name: keyof Draft, value: string | boolean): unknown {
  if (typeof value === 'boolean') return value;
  const text = value.trim();
  if (name === 'event_types' || name === 'allowed_ips') {
    return text
      .split(/[,\n]/)
      .map((one) => one.trim())
      .filter((one) => one !== '');
  }
  if (numberNames.has(name)) return text === '' ? null : Number.isNaN(Number(text)) ? text : Number(text);
  return text === '' && name !== 'webhook_name' ? null : text;
}

interface WebhookFormProps {
  readonly webhook: Webhook | null;
  readonly onSend: (body: Record<string, unknown>) => Promise<void>;
}

export function WebhookForm({ webhook, onSend }: WebhookFormProps) {
  const t = useMessages(webhooksMessages);
  const isAdmin = useIsAdmin();
  const { tenant = '' } = useSession();
  const loaded = webhook === null ? emptyDraft : draftOf(webhook);
  const [draft, setDraft] = useState(loaded);
  const sending = useSending();
  const sources = useQuery('webhook-sources', async (api, signal) =>
    presetsOf((await api.get<{ sources: readonly SourceAnswer[] }>('/webhooks/sources', {}, signal)).sources),
  );
  const presets = sources.data ?? usualPresets;
  const preset = presets.find(({ name }) => name === draft.source_service);
  const body: Record<string, unknown> =
    webhook === null
      ? {
          webhook_name: draft.webhook_name.trim(),
          source_service: draft.source_service,
          ...changesOf(
            { ...emptyDraft, webhook_name: draft.webhook_name, source_service: draft.source_service },
            draft,
          ),
        }
      : changesOf(loaded, draft);
  const isChanged = Object.keys(changesOf(loaded, draft)).length > 0;
  useLeaveGuard(isChanged && !sending.isSending, t('leave'));
  const set = (changes: Partial<Draft>): void => setDraft({ ...draft, ...changes });
  const shown = { ...body, ...(body.secret_key === undefined ? {} : { secret_key: '$SECRET' }) };
  const field = (
    name:
      | 'webhook_name'
      | 'signature_header'
      | 'event_types'
      | 'allowed_ips'
      | 'target_url'
      | 'tolerance_seconds'
      | 'max_payload_size_bytes'
      | 'target_timeout_seconds',
  ) => ({
    value: draft[name],
    onInput: (value: string) => set({ [name]: value }),
    fault: sending.faultOf(name),
  });
  return (
    <form
      class="form panel"
      onSubmit={(event) => {
        event.preventDefault();
        void sending.run(() => onSend(body));
      }}
    >
      <FormFault error={sending.error} fields={Object.keys(emptyDraft)} />
      <div class="form-grid">
        <TextField label={t('name')} hint={t('nameHint')} {...field('webhook_name')} isRequired />
        <SelectField
          label={t('source')}
          hint={t('sourceHint')}
          value={draft.source_service}
          fault={sending.faultOf('source_service')}
          onInput={(source_service) => set({ source_service })}
          options={[
            ...presets.map(({ name, title }) => ({ value: name, name: title })),
            ...(preset === undefined ? [{ value: draft.source_service, name: draft.source_service }] : []),
          ]}
        />
        <TextField label={t('eventTypes')} hint={t('eventTypesHint')} {...field('event_types')} />
        <TextField label={t('target')} hint={t('targetHint')} {...field('target_url')} />
        <TextField
          label={t('secret')}
          hint={t(preset?.secretFrom === 'sender' ? 'secretFromSender' : 'secretHint')}
          type="password"
          autocomplete="new-password"
          value={draft.secret_key}
          onInput={(secret_key) => set({ secret_key })}
          fault={sending.faultOf('secret_key')}
        />
      </div>
      {preset !== undefined && <SetUp preset={preset} />}
      <details>
        <summary>{t('more')}</summary>
        <div class="form-grid more-fields">
          <SelectField
            label={t('scheme')}
            hint={webhook === null ? t('schemeHint') : undefined}
            value={draft.signature_scheme}
            fault={sending.faultOf('signature_scheme')}
            onInput={(signature_scheme) => set({ signature_scheme })}
            options={[
              ...(webhook === null ? [{ value: '', name: t('asPreset') }] : []),
              ...schemes.map((name) => ({ value: name, name })),
            ]}
          />
          <TextField label={t('signatureHeader')} {...field('signature_header')} />
          <TextField label={t('allowedIps')} hint={t('allowedIpsHint')} {...field('allowed_ips')} />
          <TextField label={t('tolerance')} type="number" {...field('tolerance_seconds')} />
          <TextField label={t('maxSize')} type="number" {...field('max_payload_size_bytes')} />
          <TextField label={t('targetTimeout')} type="number" {...field('target_timeout_seconds')} />
          <SelectField
            label={t('duplicateBy')}
            value={draft.duplicate_by}
            fault={sending.faultOf('duplicate_by')}
            onInput={(duplicate_by) => set({ duplicate_by })}
            options={[
              { value: 'delivery_id', name: t('byId') },
              { value: 'delivery_id_or_body', name: t('byIdOrBody') },
              { value: 'none', name: t('byNone') },
            ]}
          />
          <SelectField
            label={t('overLimit')}
            value={draft.over_limit_policy}
            onInput={(over_limit_policy) => set({ over_limit_policy })}
            options={[
              { value: 'reject', name: t('reject') },
              { value: 'defer', name: t('defer') },
            ]}
          />
        </div>
        <CheckField
          label={t('includeRaw')}
          checked={draft.include_raw}
          onInput={(include_raw) => set({ include_raw })}
        />
        <CheckField label={t('ordered')} checked={draft.ordered} onInput={(ordered) => set({ ordered })} />
        <CheckField label={t('isActive')} checked={draft.is_active} onInput={(is_active) => set({ is_active })} />
      </details>
      {isAdmin && (
        <div class="actions">
          <button type="submit" class="button primary" disabled={sending.isSending || (webhook !== null && !isChanged)}>
            {webhook === null ? t('create') : t('save')}
          </button>
          {webhook !== null && !isChanged && <span class="muted">{t('unchanged')}</span>}
        </div>
      )}
      {isChanged && (
        <>
          <Code
            label={t('asCurl')}
            text={
              webhook === null
                ? curlOf('POST', '/webhooks', tenant, shown)
                : curlOf('PATCH', `/webhooks/${webhook.id}`, tenant, shown)
            }
          />
          <Code label={t('asYaml')} text={yamlOf(shown).trimStart()} />
        </>
      )}
    </form>
  );
}
