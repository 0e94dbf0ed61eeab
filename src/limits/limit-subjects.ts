/** The limits that a call counts against: the tenant's family, and the account at the provider. */
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import { findAdapter } from '../providers/registry.ts';
import type { Family, LimitSubject, LimitWindow, WindowType } from './limits.ts';

/** The families that have limits: those of calls, and incoming webhooks. */
export type LimitedFamily = Family | 'webhooks';

/** Calls or deliveries per minute and tenant; a family without an entry has no limit. */
export type FamilyLimits = Readonly<Partial<Record<LimitedFamily, number>>>;

/** The tenant's own limit for a family; without windows if none is configured. */
export function familyLimit(family: LimitedFamily, limits: FamilyLimits): LimitSubject {
  const perMinute = limits[family];
  return {
    key: `family:${family}`,
    serviceId: null,
    name: family,
    isCountedHereAlone: true,
    windows: perMinute === undefined ? [] : [{ windowType: 'minute', maxRequests: perMinute }],
  };
}

/** Cached by service object: the directory replaces a changed object and never modifies it. */
const known = new WeakMap<ExternalService, readonly LimitSubject[]>();

/** The service's configured windows; if it has none, its vendor's default limit. */
export function accountLimits(service: ExternalService): readonly LimitSubject[] {
  let limits = known.get(service);
  if (limits === undefined) {
    limits = limitsOf(service);
    known.set(service, limits);
  }
  return limits;
}

function limitsOf(service: ExternalService): readonly LimitSubject[] {
  const { perMinute, perHour, perDay, perMonth } = service.rateLimits;
  const window = (windowType: WindowType, maxRequests: number | null): LimitWindow[] =>
    maxRequests === null ? [] : [{ windowType, maxRequests }];
  const byDefault = hasOwnLimits(service) ? null : (findAdapter(adapterNameOf(service))?.facts.defaultLimit ?? null);
  return [
    {
      key: `service:${service.id}`,
      serviceId: service.id,
      name: service.serviceName,
      windows: [
        ...window('minute', byDefault?.perMinute ?? perMinute),
        ...window('hour', perHour),
        ...window('day', perDay),
        ...window('month', perMonth),
      ],
    },
  ];
}

/** Whether any of the four limits is configured. */
export function hasOwnLimits({ rateLimits }: Pick<ExternalService, 'rateLimits'>): boolean {
  const { perMinute, perHour, perDay, perMonth } = rateLimits;
  return perMinute !== null || perHour !== null || perDay !== null || perMonth !== null;
}
