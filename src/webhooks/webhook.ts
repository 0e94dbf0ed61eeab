/** A webhook ready to receive deliveries: secrets opened and filters compiled. */
import type { TenantId } from '../ids.ts';
import type { Keyring, SealBinding } from '../secrets/keyring.ts';
import type { WebhookConfigRow } from '../storage/tables/webhooks/webhook-configs.ts';
import { compileRanges } from './receiving/source-address.ts';
import type { SignatureScheme } from './receiving/verify-signature.ts';
import type { SchemeSettings } from './schemes/scheme.ts';
import { parseTemplate } from './schemes/signed-template.ts';
import type { FactSource, Handshake, OverLimitPolicy } from './source.ts';
import { parseFactSource, sourceOf } from './sources/sources.ts';
import type { TargetFilter } from './target-filter.ts';

export interface Webhook {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly name: string;
  readonly sourceService: string;
  readonly wantedEventTypes: readonly string[];
  readonly allowedRanges: ReturnType<typeof compileRanges>;
  readonly scheme: SignatureScheme;
  readonly schemeSettings: SchemeSettings;
  readonly secret: string | null;
  /** The one before it, while it is in its grace. */
  readonly previousSecret: { readonly secret: string; readonly untilMs: number } | null;
  readonly maxPayloadSizeBytes: number;
  readonly eventTypeFrom: readonly FactSource[];
  readonly deliveryIdFrom: readonly FactSource[];
  /** Lower-case names of the headers that the signature covers beside the body. */
  readonly signedHeaders: readonly string[];
  /** The question its sender asks before it sends; null if there is none. */
  readonly handshake: Handshake | null;
  readonly verifyToken: string | null;
  /** False if every delivery counts as new, even an equal one. */
  readonly tellsDuplicates: boolean;
  /** How long a repeated delivery counts as a duplicate; null: seven days. */
  readonly duplicateWindowSeconds: number | null;
  /** A body that was taken before is a duplicate under any id. */
  readonly takesBodyOnce: boolean;
  readonly overLimitPolicy: OverLimitPolicy;
  /** Those that get its events, `target_url` being one under the webhook's own id. */
  readonly targets: readonly TargetFilter[];
  /** Events bear the bytes as they were sent, whatever they say. */
  readonly includesRaw: boolean;
}

export type SealedColumn =
  | 'webhook_token'
  | 'secret_key'
  | 'previous_secret_key'
  | 'target_secret'
  | 'previous_target_secret'
  | 'target_headers'
  | 'collector_token'
  | 'verify_token';

/** Where a sealed value of a webhook stands. */
export function bindingOf(
  owner: Pick<WebhookConfigRow, 'id' | 'management_company_id'>,
  column: SealedColumn,
): SealBinding {
  return { table: 'webhook_configs', rowId: owner.id, tenantId: owner.management_company_id, column };
}

/** Throws `SealBroken`. */
export function webhookOfRow(keyring: Pick<Keyring, 'open'>, row: WebhookConfigRow): Webhook {
  const open = (sealed: string | null, column: SealedColumn): string | null =>
    sealed === null ? null : keyring.open(sealed, bindingOf(row, column));
  const source = sourceOf(row.source_service);
  const scheme = row.signature_scheme as SignatureScheme;
  const { signed_template: signedTemplate = null, timestamp_header: timestampHeader = null } = row.config;
  const signsUrl = signedTemplate?.includes('{url}') === true;
  const previous = open(row.previous_secret_key, 'previous_secret_key');
  return {
    id: row.id,
    tenantId: row.management_company_id,
    name: row.webhook_name,
    sourceService: row.source_service,
    wantedEventTypes: row.event_types,
    allowedRanges: compileRanges(row.allowed_ips),
    scheme,
    schemeSettings: {
      signatureHeader: row.signature_header,
      toleranceSeconds: row.tolerance_seconds,
      signedTemplate,
      timestampHeader,
      publicUrl: signsUrl ? row.webhook_url + open(row.webhook_token, 'webhook_token') : null,
    },
    secret: open(row.secret_key, 'secret_key'),
    previousSecret:
      previous === null || row.previous_secret_until === null
        ? null
        : { secret: previous, untilMs: row.previous_secret_until.getTime() },
    maxPayloadSizeBytes: row.max_payload_size_bytes,
    eventTypeFrom: eventTypeSourcesOf(row),
    deliveryIdFrom: overridden(row.config.delivery_id_from, source.deliveryIdFrom),
    signedHeaders: signedHeadersOf(scheme, signedTemplate),
    handshake: source.handshake,
    verifyToken: open(row.verify_token, 'verify_token'),
    tellsDuplicates: row.config.duplicate_by !== 'none',
    duplicateWindowSeconds: row.config.duplicate_window_seconds ?? null,
    takesBodyOnce: row.config.duplicate_by === 'delivery_id_or_body',
    overLimitPolicy: row.over_limit_policy as OverLimitPolicy,
    targets: targetsOf(row),
    includesRaw: row.config.include_raw ?? false,
  };
}

/** The secrets that are good at this time: the current one first. */
export function secretsAt({ secret, previousSecret }: Webhook, nowMs: number): readonly string[] {
  const current = secret === null ? [] : [secret];
  return previousSecret !== null && previousSecret.untilMs > nowMs ? [...current, previousSecret.secret] : current;
}

export function eventTypeSourcesOf(row: Pick<WebhookConfigRow, 'config' | 'source_service'>): readonly FactSource[] {
  return overridden(row.config.event_type_from, sourceOf(row.source_service).eventTypeFrom);
}

function overridden(own: string | undefined, usual: readonly FactSource[]): readonly FactSource[] {
  const source = own === undefined ? null : parseFactSource(own);
  return source === null ? usual : [source];
}

export function targetsOf(
  row: Pick<WebhookConfigRow, 'id' | 'target_url' | 'further_targets'>,
): readonly TargetFilter[] {
  const own = row.target_url === null ? [] : [{ id: row.id, eventTypes: ['*'], conditions: [] }];
  const further = (row.further_targets ?? []).map((target) => ({
    id: target.id,
    eventTypes: target.event_types,
    conditions: target.conditions,
  }));
  return [...own, ...further];
}

/** Standard Webhooks signs the id with the body; a template what it names; no other scheme any header. */
function signedHeadersOf(scheme: SignatureScheme, template: string | null): readonly string[] {
  if (scheme === 'standard_webhooks') return ['webhook-id', 'svix-id'];
  return (parseTemplate(template ?? '') ?? []).flatMap((part) => (part.kind === 'header' ? part.name : []));
}
