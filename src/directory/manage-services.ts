/**
 * Creating, changing and deleting a tenant's services: the row, its sealed secrets and its event in one transaction.
 */
import { isDeepStrictEqual } from 'node:util';
import { invalidInput, ServiceError } from '../errors.ts';
import { newId, type ServiceId, type TenantId } from '../ids.ts';
import type { DurableEvent } from '../outbox/events.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import type { ChangeContext } from '../storage/tables/audit/configuration-audit.ts';
import {
  deleteService as deleteServiceRow,
  type ExternalServiceRow,
  type ExternalServiceValues,
  insertService,
  lockServicesOfTenant,
  updateService,
  valuesOfService,
} from '../storage/tables/external-services.ts';
import { recordServiceChange } from './audit-service.ts';
import { checkSecretsStay, destinationsOfRow } from './destination.ts';
import { hasSecretTexts, joinCredentials, maskedConfig, secretTextsOf } from './secret-texts.ts';
import { hasOwnCredentials, openCredentials, resealedFor, sealApiKey, sealCredentials } from './service-row.ts';

export interface ManageServicesDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly keyring: Keyring;
  readonly appendEvent: (tx: Queryable, event: DurableEvent) => Promise<unknown>;
  readonly clock: { now(): number };
}

/** A whole service as its admin wants it. A limit of null or 0 means no limit. */
export interface ServiceDraft extends Omit<ExternalServiceValues, 'api_key' | 'credentials'> {
  /** undefined keeps the stored secret, null removes it. */
  readonly api_key?: string | null | undefined;
  readonly credentials?: unknown;
}

/** The stored service as a draft without secrets: the base of a PATCH. */
export function draftOfRow(row: ExternalServiceRow): ServiceDraft {
  const { api_key: _key, credentials: _credentials, ...draft } = valuesOfService(row);
  return draft;
}

/**
 * Throws `CONFLICT` if the name is taken, and `INVALID_REQUEST` for a fallback of another type or tenant, or in a
 * circle.
 */
export async function createService(
  deps: ManageServicesDeps,
  tenantId: TenantId,
  draft: ServiceDraft,
  context: ChangeContext,
): Promise<ExternalServiceRow> {
  return deps.db.forTenant(tenantId, async (tx) => {
    const existing = await lockServicesOfTenant(tx, tenantId);
    const id = newId(deps.clock.now()) as ServiceId;
    checkName(existing, id, draft);
    checkFallback(existing, id, draft);
    const values = valuesOf(deps.keyring, { id, management_company_id: tenantId }, null, draft);
    const row = await insertService(tx, tenantId, id, values, context.changedBy);
    await recordServiceChange(tx, null, row, context, deps.clock.now());
    await deps.appendEvent(tx, registeredEvent(row, context, deps.clock.now()));
    return row;
  });
}

/**
 * Replaces a service by the result of `change`; a secret missing in the draft stays. Throws `NOT_FOUND`, and like
 * `createService`. If a member changes that the registration event contains, the event is published again, so that
 * consumers learn the new state.
 */
export async function changeService(
  deps: ManageServicesDeps,
  tenantId: TenantId,
  serviceId: string,
  change: (current: ExternalServiceRow) => ServiceDraft,
  context: ChangeContext,
): Promise<ExternalServiceRow> {
  return deps.db.forTenant(tenantId, async (tx) => {
    const existing = await lockServicesOfTenant(tx, tenantId);
    const current = existing.find(({ id }) => id === serviceId);
    if (current === undefined) throw noSuchService();
    const draft = change(current);
    checkName(existing, current.id, draft);
    checkType(existing, current, draft);
    checkFallback(existing, current.id, draft);
    checkSecretsStay(current, draft, () => hasOwnCredentials(deps.keyring, current));
    const row = await updateService(tx, tenantId, current.id, valuesOf(deps.keyring, current, current, draft));
    if (row === null) throw noSuchService();
    await recordServiceChange(tx, current, row, context, deps.clock.now());
    if (isAnnouncedAnew(current, row)) {
      await deps.appendEvent(tx, registeredEvent(row, context, deps.clock.now()));
    }
    return row;
  });
}

function isAnnouncedAnew(before: ExternalServiceRow, after: ExternalServiceRow): boolean {
  const announced = ['service_name', 'service_type', 'display_name', 'is_active', 'priority'] as const;
  return announced.some((member) => before[member] !== after[member]);
}

/**
 * Returns the removed service. Throws `NOT_FOUND`, and whatever `check` throws. Services with this fallback lose it;
 * logs, costs and history stay.
 */
export async function removeService(
  deps: Pick<ManageServicesDeps, 'db' | 'clock'>,
  tenantId: TenantId,
  serviceId: string,
  context: ChangeContext,
  check: (current: ExternalServiceRow) => void = () => {},
): Promise<ExternalServiceRow> {
  return deps.db.forTenant(tenantId, async (tx) => {
    const existing = await lockServicesOfTenant(tx, tenantId);
    const current = existing.find(({ id }) => id === serviceId);
    if (current === undefined) throw noSuchService();
    check(current);
    await deleteServiceRow(tx, tenantId, current.id);
    await recordServiceChange(tx, current, null, context, deps.clock.now());
    return current;
  });
}

export function noSuchService(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no such service.', { publicMessageRu: 'Такого сервиса нет.' });
}

function checkName(existing: readonly ExternalServiceRow[], id: ServiceId, draft: ServiceDraft): void {
  if (existing.some((row) => row.service_name === draft.service_name && row.id !== id)) {
    throw new ServiceError('CONFLICT', `A service named "${draft.service_name}" exists already.`, {
      publicMessageRu: `Сервис с именем «${draft.service_name}» уже есть.`,
    });
  }
}

/** A service that is another's fallback must keep its type. */
function checkType(existing: readonly ExternalServiceRow[], current: ExternalServiceRow, draft: ServiceDraft): void {
  if (current.service_type === draft.service_type) return;
  const dependent = existing.find((row) => row.fallback_service_id === current.id);
  if (dependent !== undefined) {
    throw invalidInput(
      'service_type',
      `"${dependent.service_name}" falls back on this service and is of another type`,
      `этот сервис запасной для «${dependent.service_name}», а у того другой тип`,
    );
  }
}

function checkFallback(existing: readonly ExternalServiceRow[], id: ServiceId, draft: ServiceDraft): void {
  if (draft.fallback_service_id === null) return;
  const byId = new Map(existing.map((row) => [row.id, row]));
  const fallback = byId.get(draft.fallback_service_id);
  if (fallback === undefined && draft.fallback_service_id !== id) {
    throw invalidInput('fallback_service_id', 'there is no such service', 'такого сервиса нет');
  }
  if (fallback !== undefined && fallback.id !== id && fallback.service_type !== draft.service_type) {
    throw invalidInput(
      'fallback_service_id',
      `must be of the same type, and is ${fallback.service_type}`,
      `тип должен совпадать, а у него ${fallback.service_type}`,
    );
  }
  // Each step leads to another service, unless a circle existed before; so there are at most as many steps as services.
  let next: ServiceId | null | undefined = draft.fallback_service_id;
  for (let step = 0; step <= existing.length && next !== null && next !== undefined; step += 1) {
    if (next === id) throw invalidInput('fallback_service_id', 'would make a circle', 'получился бы круг');
    next = byId.get(next)?.fallback_service_id;
  }
}

type Owner = Pick<ExternalServiceRow, 'id' | 'management_company_id'>;

/**
 * The draft with its secret headers moved into `credentials`, where secrets are sealed; `credentials` stays untouched
 * if none of them changes.
 */
function withSecretTexts(keyring: Keyring, current: ExternalServiceRow | null, draft: ServiceDraft): ServiceDraft {
  const hadTexts = current !== null && hasSecretTexts(current.config);
  if (!hadTexts && !hasSecretTexts(draft.config)) return draft;
  const before = current === null ? { own: null, texts: {} } : openCredentials(keyring, current);
  const known = new Set(current === null ? [] : destinationsOfRow(current));
  const mayStay = destinationsOfRow(draft).every((destination) => known.has(destination));
  const texts = secretTextsOf(draft.config, before.texts, mayStay);
  const config = maskedConfig(draft.config);
  const isSame = draft.credentials === undefined && isDeepStrictEqual(texts, before.texts);
  if (isSame) return { ...draft, config };
  const own = draft.credentials === undefined ? before.own : draft.credentials;
  return { ...draft, config, credentials: joinCredentials(own, texts) };
}

function valuesOf(
  keyring: Keyring,
  owner: Owner,
  current: ExternalServiceRow | null,
  wanted: ServiceDraft,
): ExternalServiceValues {
  const draft = withSecretTexts(keyring, current, wanted);
  const destinations = destinationsOfRow(draft);
  const kept = { api_key: current?.api_key ?? null, credentials: current?.credentials ?? null };
  // Secrets that are replaced or removed need not be opened.
  const stays = {
    api_key: draft.api_key === undefined ? kept.api_key : null,
    credentials: draft.credentials === undefined ? kept.credentials : null,
  };
  const before = current === null ? destinations : destinationsOfRow(current);
  const secrets = isDeepStrictEqual(before, destinations) ? stays : resealedFor(keyring, owner, stays, destinations);
  return {
    ...draft,
    api_key: sealedOr(secrets.api_key, draft.api_key, (apiKey) => sealApiKey(keyring, owner, apiKey, destinations)),
    credentials: sealedOr(secrets.credentials, draft.credentials, (credentials) =>
      sealCredentials(keyring, owner, credentials, destinations),
    ),
  };
}

function sealedOr<Plain, Sealed>(
  current: Sealed | null,
  plain: Plain | null | undefined,
  seal: (plain: Plain) => Sealed,
): Sealed | null {
  if (plain === undefined) return current;
  return plain === null ? null : seal(plain);
}

/** The event for a created or changed service. */
export function registeredEvent(row: ExternalServiceRow, context: ChangeContext, nowMs: number): DurableEvent {
  return {
    type: 'integration.service.registered',
    tenantId: row.management_company_id,
    serviceName: row.service_name,
    correlationId: context.requestId,
    occurredAtMs: nowMs,
    aggregateId: row.id,
    fields: {
      service_id: row.id,
      service_type: row.service_type,
      display_name: row.display_name,
      is_active: row.is_active,
      priority: row.priority,
      created_by: row.created_by,
    },
  };
}
