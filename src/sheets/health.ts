/** `GET /sheets/health`: the state of the tenant's sheets service, and how many requests are left this minute. */

import type { Clock } from '../clock.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { TenantId } from '../ids.ts';
import { type FamilyLimits, familyLimit } from '../limits/limit-subjects.ts';
import { type RateLimiter, remainingOf } from '../limits/limits.ts';
import type { Shown } from '../schema-parts.ts';
import type { SheetsCapabilities } from './capabilities.ts';
import { type Forecast, forecastOf, type Spending } from './limits/spending.ts';
import type { sheetsHealthSchema } from './schemas.ts';

export interface SheetsHealthDeps {
  readonly directory: { ofTenant(tenantId: TenantId): Promise<readonly ExternalService[]> };
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly capabilities: Pick<SheetsCapabilities, 'limitsOf'>;
  readonly spending: Pick<Spending, 'lastMinute'>;
  readonly familyLimits: FamilyLimits;
  readonly clock: Clock;
  healthOf(service: ExternalService): { readonly status: HealthStatus };
}

export type SheetsHealth = Shown<typeof sheetsHealthSchema>;

/** The health of the best account. `within`: considers only services with these names; null means all. */
export async function readSheetsHealth(
  deps: SheetsHealthDeps,
  tenantId: TenantId,
  within: ReadonlySet<string> | null,
): Promise<SheetsHealth> {
  const services = (await deps.directory.ofTenant(tenantId)).filter(
    ({ isActive, serviceType, serviceName }) =>
      isActive && serviceType === 'sheets' && (within?.has(serviceName) ?? true),
  );
  if (services.length === 0) {
    return {
      status: 'unavailable',
      service: null,
      rate_limit_remaining: null,
      rate_limit_reset_in_seconds: null,
      forecast: [],
    };
  }
  const of = await Promise.all(services.map((service) => healthOfService(deps, tenantId, service)));
  return of.reduce((best, one) => (rank(one) > rank(best) ? one : best));
}

async function healthOfService(
  deps: SheetsHealthDeps,
  tenantId: TenantId,
  service: ExternalService,
): Promise<SheetsHealth> {
  const subjects = [familyLimit('sheets', deps.familyLimits), ...deps.capabilities.limitsOf('read', service)];
  const states = await deps.limiter.peek(tenantId, subjects);
  const tightest = states.reduce<(typeof states)[number] | null>(
    (least, state) => (least === null || remainingOf(state) < remainingOf(least) ? state : least),
    null,
  );
  return {
    status: deps.healthOf(service).status,
    service: service.serviceName,
    rate_limit_remaining: tightest === null ? null : remainingOf(tightest),
    rate_limit_reset_in_seconds:
      tightest === null ? null : Math.max(0, Math.ceil((tightest.windowEndMs - deps.clock.now()) / 1000)),
    forecast: (await forecastAccount(deps, tenantId, service)).map(({ forecast }) => forecast),
  };
}

export interface AccountForecast {
  readonly forecast: Forecast;
  readonly maxRequests: number;
  /** This replica's share, of which the forecast then is; null: the whole limit. */
  readonly shareMaxRequests: number | null;
}

/** When an account's reads and writes run out, given its limits per minute. */
export function forecastAccount(
  deps: Pick<SheetsHealthDeps, 'limiter' | 'capabilities' | 'spending'>,
  tenantId: TenantId,
  service: ExternalService,
): Promise<readonly AccountForecast[]> {
  return Promise.all(
    (['read', 'write'] as const).map(async (kind) => {
      const [own] = deps.capabilities.limitsOf(kind, service);
      const [state] = own === undefined ? [] : await deps.limiter.peek(tenantId, [own]);
      const limit = state?.share ?? state ?? { maxRequests: 0, usedRequests: 0 };
      return {
        forecast: forecastOf(kind, deps.spending.lastMinute(own?.key ?? ''), limit),
        maxRequests: state?.maxRequests ?? 0,
        shareMaxRequests: state?.share?.maxRequests ?? null,
      };
    }),
  );
}

const order = ['unavailable', 'down', 'unknown', 'degraded', 'healthy'];

function rank({ status, rate_limit_remaining: left }: SheetsHealth): number {
  return order.indexOf(status) * 1e6 + (left ?? 0);
}
