/** Explains a refused call: which limit refused it, which callers had spent it, and when the limit has room again. */
import type { TenantId } from '../ids.ts';
import type { Queryable } from '../storage/postgres/database.ts';
import {
  findRefusals,
  type RefusedRow,
  type SpentRow,
  sumSpentOfFamily,
  sumSpentOfPrincipal,
  sumSpentOfService,
} from '../storage/tables/limit-traffic.ts';
import { calendarEndMs, calendarStartMs, minuteStartMs, sliceReturnsAtMs } from './limit-windows.ts';
import type { WindowType } from './limits.ts';
import { isWholeBudgetSpent, readRefusal } from './refusal-text.ts';
import type { ExplainedRefusal } from './schemas.ts';

const typesOfFamily: Readonly<Record<string, readonly string[]>> = {
  geocoding: ['geocoding', 'maps'],
  sheets: ['sheets'],
  proxy: ['api', 'webhook'],
};

/** All refusals of the request, the first one first; empty if no limit refused it. */
export async function explainRefusals(
  tx: Queryable,
  tenantId: TenantId,
  requestId: string,
): Promise<ExplainedRefusal[]> {
  const refusals: ExplainedRefusal[] = [];
  for (const row of await findRefusals(tx, tenantId, requestId)) refusals.push(await explain(tx, tenantId, row));
  return refusals;
}

async function explain(tx: Queryable, tenantId: TenantId, row: RefusedRow): Promise<ExplainedRefusal> {
  const refusedAtMs = row.refused_at.getTime();
  const refused = readRefusal(row.error_message ?? '');
  const isBudget = row.error_code === 'BUDGET_EXCEEDED';
  const share = refused?.share ?? null;
  const isFreeKnown = isBudget ? isWholeBudgetSpent(row.error_message ?? '') : refused !== null && share === null;
  const windowType: WindowType = isBudget ? 'month' : (refused?.windowType ?? 'minute');
  const isCountedHereAlone = row.service_id === null;
  // The minute is a rolling window; hours, days and months are calendar windows in UTC.
  const isMinute = windowType === 'minute';
  const fromMs = isMinute
    ? minuteStartMs(refusedAtMs, isCountedHereAlone)
    : calendarStartMs(windowType, refusedAtMs, 0);
  const spent = await sumSpent(tx, tenantId, row, { from: new Date(fromMs), to: row.refused_at });
  const freeAtMs = isMinute
    ? sliceReturnsAtMs(Math.min(refusedAtMs, ...spent.map(({ first_at }) => first_at.getTime())), isCountedHereAlone)
    : calendarEndMs(windowType, fromMs, 0);
  return {
    limit: {
      kind: row.service_type === 'token' ? 'token' : isBudget ? 'budget' : refused === null ? 'pause' : 'limit',
      ...nameOf(row),
      window_type: windowType,
      max_requests: refused?.maxRequests ?? null,
      ...(share !== null && { replica_share: { max_requests: share.maxRequests, because: share.because } }),
    },
    refused_at: row.refused_at.toISOString(),
    free_at: isFreeKnown ? new Date(freeAtMs).toISOString() : null,
    spent_by: spent.map(({ source_service, operation, requests }) => ({ source_service, operation, requests })),
  };
}

function nameOf({ service_id, service_type, service_name }: RefusedRow) {
  if (service_id !== null) return { service_name };
  return service_type === 'token' ? { token: service_name.replace(/^token:/, '') } : { family: service_name };
}

/** For a token: its provider requests in this tenant. Requests that reached no provider have no row. */
function sumSpent(
  tx: Queryable,
  tenantId: TenantId,
  { service_id, service_type, service_name }: RefusedRow,
  span: { readonly from: Date; readonly to: Date },
): Promise<SpentRow[]> {
  if (service_id !== null) return sumSpentOfService(tx, tenantId, service_name, span);
  if (service_type === 'token') return sumSpentOfPrincipal(tx, tenantId, service_name, span);
  return sumSpentOfFamily(tx, tenantId, typesOfFamily[service_name] ?? [], span);
}
