/** Reports a tenant's use of its limits, read from the limiter. */
import type { ExternalService } from '../directory/service.ts';
import type { SpentLimit } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { accountLimits, type FamilyLimits, familyLimit, type LimitedFamily } from './limit-subjects.ts';
import { minuteMs } from './limit-windows.ts';
import { type LimitState, type LimitSubject, type RateLimiter, remainingOf, type WindowType } from './limits.ts';
import type { LimitWindowUse } from './schemas.ts';

export interface ReportLimitsDeps {
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly familyLimits: FamilyLimits;
  /** Limits of an account beyond its four windows: Google counts a Sheets account's reads and writes separately. */
  extraLimitsOf?(service: ExternalService): readonly LimitSubject[];
}

const families: readonly LimitedFamily[] = ['geocoding', 'sheets', 'proxy', 'webhooks'];

/** Reports the tenant's families and services, in one round trip. */
export async function reportTenantLimits(
  deps: ReportLimitsDeps,
  tenantId: TenantId,
  services: readonly ExternalService[],
) {
  const ofFamilies = families.map((family) => ({ family, subject: familyLimit(family, deps.familyLimits) }));
  const ofServices = services.map((service) => ({ service, subjects: subjectsOf(deps, service) }));
  const states = await deps.limiter.peek(tenantId, listLimitSubjects(deps, services));
  const windowsOf = (subjects: readonly LimitSubject[]) => {
    const keys = new Set(subjects.map(({ key }) => key));
    return states.filter(({ subject }) => keys.has(subject.key)).map(windowUseOf);
  };
  return {
    families: ofFamilies.flatMap(({ family, subject }) =>
      subject.windows.length === 0 ? [] : [{ family, windows: windowsOf([subject]) }],
    ),
    services: ofServices.map(({ service, subjects }) => ({
      service_id: service.id,
      service_name: service.serviceName,
      windows: windowsOf(subjects),
    })),
  };
}

/** All subjects of a tenant that have a limit. */
export function listLimitSubjects(
  deps: Pick<ReportLimitsDeps, 'familyLimits' | 'extraLimitsOf'>,
  services: readonly ExternalService[],
): readonly LimitSubject[] {
  // Accounts of one project share its limit.
  return limitedOnce([
    ...families.map((family) => familyLimit(family, deps.familyLimits)),
    ...services.flatMap((service) => subjectsOf(deps, service)),
  ]);
}

function subjectsOf(deps: Pick<ReportLimitsDeps, 'extraLimitsOf'>, service: ExternalService): readonly LimitSubject[] {
  return limitedOnce([...(deps.extraLimitsOf?.(service) ?? []), ...accountLimits(service)]);
}

function limitedOnce(subjects: readonly LimitSubject[]): readonly LimitSubject[] {
  return [...new Map(subjects.map((subject) => [subject.key, subject])).values()].filter(
    ({ windows }) => windows.length > 0,
  );
}

/** The limit that refused, with a name that distinguishes it from other limits of its account. */
export function spentLimitOf({ subject, windowType, maxRequests }: LimitState): SpentLimit {
  const part = limitNameOf(subject);
  const name = part === null ? subject.name : `${subject.name}:${part.replaceAll(' ', ':')}`;
  return { name, maxRequests, windowSeconds: windowSeconds[windowType] };
}

/** A month counts as 30 days, because the header has only seconds. */
const windowSeconds = { minute: 60, hour: 3_600, day: 86_400, month: 2_592_000 } as const satisfies Record<
  WindowType,
  number
>;

function windowUseOf(state: LimitState): LimitWindowUse {
  const { subject, windowType, maxRequests, usedRequests, share } = state;
  const remaining = remainingOf(state);
  const { windowStartMs, windowEndMs } = windowType === 'minute' ? minuteOf(state) : state;
  const name = limitNameOf(subject);
  return {
    window_type: windowType,
    window_start: new Date(windowStartMs).toISOString(),
    window_end: new Date(windowEndMs).toISOString(),
    request_count: usedRequests,
    max_requests: maxRequests,
    remaining_requests: remaining,
    is_rate_limited: remaining === 0,
    ...(name === null ? {} : { limit: name }),
    ...(share && {
      replica_share: { max_requests: share.maxRequests, request_count: share.usedRequests, because: share.because },
    }),
  };
}

/**
 * The rolling minute is shown as the minute that ends when all tokens have returned (`limit-windows.ts`), so it began
 * with the last use. An unused minute begins now.
 */
function minuteOf({ usedRequests, windowStartMs, windowEndMs }: LimitState) {
  const nowMs = windowStartMs + minuteMs;
  const endMs = usedRequests === 0 ? nowMs + minuteMs : Math.min(Math.max(windowEndMs, nowMs), nowMs + minuteMs);
  return { windowStartMs: endMs - minuteMs, windowEndMs: endMs };
}

/**
 * The name of a part: `read` for `service:<id>:read`, `project read` for `project:<id>:read`, null for `service:<id>`.
 */
function limitNameOf({ key }: LimitSubject): string | null {
  const [kind, , part] = key.split(':');
  if (part === undefined) return null;
  return kind === 'service' ? part : `${kind} ${part}`;
}
