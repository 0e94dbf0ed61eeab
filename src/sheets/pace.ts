/** How long the next request of a tenant should wait, by its own limit and by those of its accounts. */
import type { CallDeps } from '../gateway/deps.ts';
import { resolveProviders } from '../gateway/resolve-providers.ts';
import type { TenantId } from '../ids.ts';
import { perMinuteOf, type QuotaKind, type SheetsCapabilities } from './capabilities.ts';
import type { Pacer } from './pacer.ts';

export function createPace(calls: CallDeps, capabilities: SheetsCapabilities, pacer: Pacer) {
  return async (tenantId: TenantId, kind: QuotaKind): Promise<number> => {
    const providers = await resolveProviders(calls, { tenantId, capability: capabilities[kind], provider: null });
    const ofAccounts = providers.reduce((sum, { service }) => sum + perMinuteOf(kind, service), 0);
    return pacer.reserveMs([
      { key: tenantId, perMinute: calls.familyLimits.sheets ?? Number.POSITIVE_INFINITY },
      { key: `${tenantId} ${kind}`, perMinute: ofAccounts === 0 ? Number.POSITIVE_INFINITY : ofAccounts },
    ]);
  };
}
