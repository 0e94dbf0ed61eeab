/** SQL of `configuration_audit`: who changed what of a tenant's configuration. Rows are written once and never changed. */
import { newId, type TenantId } from '../../../ids.ts';
import { effectOf, rowsOf } from '../../postgres/statement.ts';

export type ConfigurationAction = 'created' | 'changed' | 'deleted';

/** Who made a change, and with which request. */
export interface ChangeContext {
  readonly changedBy: string | null;
  readonly requestId: string | null;
}

export interface ConfigurationChange extends ChangeContext {
  /** `service`, `webhook` … */
  readonly entity: string;
  readonly entityId: string;
  /** Default: by which of `before` and `after` is null. */
  readonly action?: ConfigurationAction;
  /** The entity as the API shows it, so without secrets; null before a creation and after a deletion. */
  readonly before: unknown;
  readonly after: unknown;
  /** Names of the write-only members that were set or removed; their values are not stored. */
  readonly changedSecrets?: readonly string[];
  /** Unix milliseconds. */
  readonly changedAtMs: number;
}

/** Runs in the transaction of the change itself. */
export const insertConfigurationChange = effectOf(
  'configuration_audit_insert',
  `insert into configuration_audit (
     management_company_id, id, entity, entity_id, action, changed_by, request_id, before, after,
     changed_secrets, changed_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
).by((tenantId: TenantId, change: ConfigurationChange) => [
  tenantId,
  // A UUID version 7: the history is read in the order of its ids.
  newId(change.changedAtMs),
  change.entity,
  change.entityId,
  change.action ?? (change.before === null ? 'created' : change.after === null ? 'deleted' : 'changed'),
  change.changedBy,
  change.requestId,
  change.before === null ? null : JSON.stringify(change.before),
  change.after === null ? null : JSON.stringify(change.after),
  change.changedSecrets ?? [],
  new Date(change.changedAtMs),
]);

export interface ConfigurationChangeRow {
  readonly id: string;
  readonly action: ConfigurationAction;
  readonly changed_by: string | null;
  readonly request_id: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly changed_secrets: readonly string[];
  readonly changed_at: Date;
}

/** Newest first; `beforeId` null starts at the newest. */
export const listConfigurationChanges = rowsOf<ConfigurationChangeRow>(
  'configuration_audit_list',
  `select id, action, changed_by, request_id, before, after, changed_secrets, changed_at
     from configuration_audit
    where management_company_id = $1 and entity = $2 and entity_id = $3 and ($4::uuid is null or id < $4)
    order by id desc
    limit $5`,
).by(
  (
    tenantId: TenantId,
    of: { readonly entity: string; readonly entityId: string },
    page: { readonly beforeId: string | null; readonly limit: number },
  ) => [tenantId, of.entity, of.entityId, page.beforeId, page.limit],
);

export interface LatestChangeRow extends Pick<ConfigurationChangeRow, 'id' | 'action' | 'changed_by' | 'changed_at'> {
  readonly entity: string;
  readonly entity_id: string;
  /** The name after the change, or before a deletion; null if the entity has no name. */
  readonly name: string | null;
}

/** Changes of every entity from `from` on, newest first. */
export const listLatestChanges = rowsOf<LatestChangeRow>(
  'configuration_audit_latest',
  `select id, entity, entity_id, action, changed_by, changed_at,
          coalesce(shown ->> 'service_name', shown ->> 'webhook_name', shown ->> 'name') as name
     from configuration_audit cross join lateral (select coalesce(after, before) as shown) s
    where management_company_id = $1 and changed_at >= $2
    order by id desc
    limit $3`,
).by((tenantId: TenantId, asked: { readonly from: Date; readonly limit: number }) => [
  tenantId,
  asked.from,
  asked.limit,
]);
