/** Writes the history of a service: one entry per change, in the transaction of the change. */
import type { Queryable } from '../storage/postgres/database.ts';
import { type ChangeContext, insertConfigurationChange } from '../storage/tables/audit/configuration-audit.ts';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';
import { presentService } from './present-service.ts';

/** `before` null: created; `after` null: deleted. */
export async function recordServiceChange(
  tx: Queryable,
  before: ExternalServiceRow | null,
  after: ExternalServiceRow | null,
  context: ChangeContext,
  nowMs: number,
): Promise<void> {
  const row = after ?? before;
  if (row === null) return;
  await insertConfigurationChange(tx, row.management_company_id, {
    entity: 'service',
    entityId: row.id,
    ...context,
    before: before === null ? null : presentService(before),
    after: after === null ? null : presentService(after),
    changedSecrets: changedSecrets(before, after),
    changedAtMs: nowMs,
  });
}

/** Compares sealed forms: a secret that was sent again unchanged counts as changed, because it was sealed again. */
function changedSecrets(before: ExternalServiceRow | null, after: ExternalServiceRow | null): string[] {
  const changed: string[] = [];
  if ((before?.api_key ?? null) !== (after?.api_key ?? null)) changed.push('api_key');
  if ((before?.credentials?.sealed ?? null) !== (after?.credentials?.sealed ?? null)) changed.push('credentials');
  return changed;
}
