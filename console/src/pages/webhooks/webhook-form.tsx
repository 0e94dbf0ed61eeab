import type { SourceAnswer, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useLeaveGuard } from '../../app/location.tsx';
import { useIsAdmin, useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf, yamlOf } from '../../parts/forms/curl.ts';
import { BothVersions, Changes, type Editing, textFieldsOf, useDraft } from '../../parts/forms/draft.tsx';
import { CheckField, FormFault, SelectField, TextField } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { webhooksMessages } from './messages.ts';
import { presetsOf, schemes, usualPresets } from './presets.ts';
import { SetUp } from './shown-once.tsx';
import { TargetsForm } from './targets-form.tsx';
import { bodyOf, changesOf, type Draft, draftOf, emptyDraft, shownOf } from './webhook-draft.ts';

interface WebhookFormProps {
  readonly webhook: Webhook | null;
  readonly etag?: string | null;
  /** With the version that the edits are based on. */
  readonly onSend: (body: Record<string, unknown>, etag: string | null) => Promise<void>;
  readonly onReload?: () => void;
}

/** Errors of targets are in the summary too, because the list may be long. */
const fields = Object.keys(emptyDraft).filter((name) => name !== 'targets');

export function WebhookForm({ webhook, etag = null, onSend, onReload }: WebhookFormProps) {
  const t = useMessages(webhooksMessages);
  const parts = useMessages(partsMessages);
  const isAdmin = useIsAdmin();
  const { tenant = '' } = useSession();
  const drafting = useDraft<Draft>({
    loaded: webhook === null ? emptyDraft : draftOf(webhook),
    etag,
    onReload,
  });
  const { base, draft, theirs, sending, set } = drafting;
  const sources = useQuery('webhook-sources', async (api, signal) =>
    presetsOf((await api.get<{ sources: readonly SourceAnswer[] }>('/webhooks/sources', {}, signal)).sources),
  );
  const presets = sources.data ?? usualPresets;
  const preset = presets.find(({ name }) => name === draft.source_service);
  const body = webhook === null ? bodyOf(draft) : changesOf(base, draft);
  const isChanged = Object.keys(changesOf(base, draft)).length > 0;
  useLeaveGuard(isChanged && !sending.isSending, parts('leave'));
  const shown = { ...body, ...(body.secret_key === undefined ? {} : { secret_key: '$SECRET' }) };
  const field = textFieldsOf(drafting);
  return (
    <form
      class="form panel"
      onSubmit={(event) => {
        event.preventDefault();
        void drafting.save((version) => onSend(body, version));
      }}
    >
      <BothVersions drafting={drafting} shownOf={shownOf} />
      <FormFault error={sending.error} fields={fields} />
      <div class="form-grid">
        <TextField label={t('name')} hint={t('nameHint')} {...field('webhook_name')} isRequired />
        <SelectField
          label={t('source')}
          hint={t('sourceHint')}
          {...field('source_service')}
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
          {...field('secret_key')}
        />
      </div>
      {preset !== undefined && <SetUp preset={preset} />}
      <TargetsForm targets={draft.targets} onChange={(targets) => set({ targets })} sending={sending} />
      <MoreFields drafting={drafting} isNew={webhook === null} />
      {isAdmin && (
        <div class="actions">
          <button
            type="submit"
            class="button primary"
            aria-disabled={sending.isSending || theirs !== null || (webhook !== null && !isChanged)}
          >
            {webhook === null ? t('create') : t('save')}
          </button>
          {webhook !== null && !isChanged && <span class="muted">{t('unchanged')}</span>}
        </div>
      )}
      {isChanged && (
        <>
          {webhook !== null && <Changes before={shownOf(base)} after={shownOf(draft)} />}
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

/** What most senders do not need. */
function MoreFields({ drafting, isNew }: { readonly drafting: Editing<Draft>; readonly isNew: boolean }) {
  const t = useMessages(webhooksMessages);
  const { draft, set } = drafting;
  const field = textFieldsOf(drafting);
  return (
    <details>
      <summary>{t('more')}</summary>
      <div class="form-grid more-fields">
        <SelectField
          label={t('scheme')}
          hint={isNew ? t('schemeHint') : undefined}
          {...field('signature_scheme')}
          options={[
            ...(isNew ? [{ value: '', name: t('asPreset') }] : []),
            ...schemes.map((name) => ({ value: name, name })),
          ]}
        />
        <TextField label={t('signatureHeader')} {...field('signature_header')} />
        <TextField label={t('signedTemplate')} hint={t('signedTemplateHint')} {...field('signed_template')} />
        <TextField label={t('timestampHeader')} {...field('timestamp_header')} />
        <TextField label={t('eventTypeFrom')} hint={t('placeHint')} {...field('event_type_from')} />
        <TextField label={t('deliveryIdFrom')} hint={t('placeHint')} {...field('delivery_id_from')} />
        <TextField label={t('allowedIps')} hint={t('allowedIpsHint')} {...field('allowed_ips')} />
        <TextField label={t('tolerance')} type="number" {...field('tolerance_seconds')} />
        <TextField label={t('maxSize')} type="number" {...field('max_payload_size_bytes')} />
        <TextField label={t('targetTimeout')} type="number" {...field('target_timeout_seconds')} />
        <SelectField
          label={t('duplicateBy')}
          {...field('duplicate_by')}
          options={[
            { value: 'delivery_id', name: t('byId') },
            { value: 'delivery_id_or_body', name: t('byIdOrBody') },
            { value: 'none', name: t('byNone') },
          ]}
        />
        <TextField label={t('duplicateWindow')} type="number" {...field('duplicate_window_seconds')} />
        <SelectField
          label={t('overLimit')}
          {...field('over_limit_policy')}
          options={[
            { value: 'reject', name: t('reject') },
            { value: 'defer', name: t('defer') },
          ]}
        />
      </div>
      <TextField label={t('targetHeaders')} hint={t('headersHint')} lines={2} {...field('target_headers')} />
      <CheckField label={t('includeRaw')} checked={draft.include_raw} onInput={(include_raw) => set({ include_raw })} />
      <CheckField label={t('ordered')} checked={draft.ordered} onInput={(ordered) => set({ ordered })} />
      <CheckField label={t('isActive')} checked={draft.is_active} onInput={(is_active) => set({ is_active })} />
    </details>
  );
}
