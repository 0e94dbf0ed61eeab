/** Applies an import: everything in one transaction, or nothing. */
import {
  type ChangeContext,
  changeService,
  createService,
  draftOfRow,
  type ManageServicesDeps,
  removeService,
} from '../../directory/manage-services.ts';
import type { ServiceId, TenantId } from '../../ids.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { listServicesOfTenant } from '../../storage/tables/external-services.ts';
import type { ImportPlan } from './plan-import.ts';

export async function applyImport(
  deps: Omit<ManageServicesDeps, 'db'>,
  tx: Queryable,
  tenantId: TenantId,
  plan: ImportPlan,
  context: ChangeContext,
): Promise<void> {
  // The steps run inside this transaction instead of their own.
  const db: Pick<Database, 'forTenant'> = { forTenant: (_tenant, work) => work(tx) };
  const within: ManageServicesDeps = { ...deps, db };
  // Changed fallbacks are removed first: the chain between the old and the new order may be a circle.
  for (const step of plan.steps) {
    if (step.action !== 'change' || step.current.fallback_service_id === null) continue;
    if (!step.changes.some(({ member }) => member === 'fallback')) continue;
    await changeService(
      within,
      tenantId,
      step.current.id,
      (row) => ({ ...draftOfRow(row), fallbackServiceId: null }),
      context,
    );
  }
  for (const step of plan.steps) {
    if (step.action === 'create')
      await createService(within, tenantId, { ...step.draft, fallbackServiceId: null }, context);
    if (step.action === 'change') {
      await changeService(
        within,
        tenantId,
        step.current.id,
        (row) => ({ ...step.draft, fallbackServiceId: row.fallback_service_id }),
        context,
      );
    }
  }
  await linkFallbacks(within, tx, tenantId, plan, context);
  for (const step of plan.steps)
    if (step.action === 'delete') await removeService(within, tenantId, step.current.id, context);
}

async function linkFallbacks(
  deps: ManageServicesDeps,
  tx: Queryable,
  tenantId: TenantId,
  plan: ImportPlan,
  context: ChangeContext,
): Promise<void> {
  const idByName = new Map((await listServicesOfTenant(tx, tenantId)).map((row) => [row.service_name, row.id]));
  for (const step of plan.steps) {
    if (step.action === 'delete' || step.fallback === null) continue;
    const fallbackServiceId = idByName.get(step.fallback) as ServiceId;
    const id = idByName.get(step.name) as ServiceId;
    if (step.action === 'change' && !step.changes.some(({ member }) => member === 'fallback')) continue;
    await changeService(deps, tenantId, id, (row) => ({ ...draftOfRow(row), fallbackServiceId }), context);
  }
}
