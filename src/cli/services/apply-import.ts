/** Applies an import: everything in one transaction, or nothing. */
import {
  changeService,
  createService,
  draftOfRow,
  type ManageServicesDeps,
  removeService,
  type ServiceDraft,
} from '../../directory/manage-services.ts';
import type { ServiceId, TenantId } from '../../ids.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import type { ChangeContext } from '../../storage/tables/audit/configuration-audit.ts';
import { type ExternalServiceRow, listServicesOfTenant } from '../../storage/tables/external-services.ts';
import type { ImportPlan, PlannedStep } from './plan-import.ts';

export async function applyImport(
  deps: Omit<ManageServicesDeps, 'db'>,
  tx: Queryable,
  tenantId: TenantId,
  { steps }: ImportPlan,
  context: ChangeContext,
): Promise<void> {
  // The steps run inside this transaction instead of their own.
  const db: Pick<Database, 'forTenant'> = { forTenant: (_tenant, work) => work(tx) };
  const within: ManageServicesDeps = { ...deps, db };
  const change = (id: ServiceId, draftOf: (row: ExternalServiceRow) => ServiceDraft) =>
    changeService(within, tenantId, id, draftOf, context);
  const movesFallback = (step: PlannedStep): boolean =>
    step.action === 'change' && step.changes.some(({ member }) => member === 'fallback');

  // Changed fallbacks are removed first: the chain between the old and the new order may be a circle.
  for (const step of steps) {
    if (step.action !== 'change' || step.current.fallback_service_id === null || !movesFallback(step)) continue;
    await change(step.current.id, (row) => ({ ...draftOfRow(row), fallback_service_id: null }));
  }
  for (const step of steps) {
    if (step.action === 'delete') continue;
    const { draft } = step;
    if (step.action === 'create')
      await createService(within, tenantId, { ...draft, fallback_service_id: null }, context);
    else await change(step.current.id, (row) => ({ ...draft, fallback_service_id: row.fallback_service_id }));
  }
  const idByName = new Map((await listServicesOfTenant(tx, tenantId)).map((row) => [row.service_name, row.id]));
  for (const step of steps) {
    if (step.action === 'delete' || step.fallback === null) continue;
    if (step.action === 'change' && !movesFallback(step)) continue;
    const fallback_service_id = idByName.get(step.fallback) as ServiceId;
    await change(idByName.get(step.name) as ServiceId, (row) => ({ ...draftOfRow(row), fallback_service_id }));
  }
  for (const step of steps)
    if (step.action === 'delete') await removeService(within, tenantId, step.current.id, context);
}
