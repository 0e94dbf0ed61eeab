/**
 * Decides which due services are probed, and when each is checked next. Probing follows use:
 *
 *   asked by traffic within the interval, and healthy ──▶ not probed: traffic is the better probe
 *   without a call for a day                          ──▶ checked at most once an hour
 *   same account at the same address                  ──▶ probed once for all
 *   an origin whose minute budget is spent            ──▶ put off, later ones further
 */
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

export interface DueService {
  readonly service: ExternalService;
  readonly status: HealthStatus;
  /** Unix milliseconds of the last attempt; null: none yet. */
  readonly checkedAtMs: number | null;
  /** Unix milliseconds of the last call, or of the service's creation. */
  readonly usedAtMs: number;
  readonly lastOutcome: ProbeOutcome | null;
}

export interface PutOff {
  readonly due: DueService;
  readonly dueAtMs: number;
}

export interface ProbePlan {
  /** Each group is one account: the first service that may be probed answers for all. */
  readonly groups: readonly (readonly DueService[])[];
  readonly putOff: readonly PutOff[];
}

export interface PlanRules {
  readonly intervalMs: number;
  /** Equal for the same account at the same address with the same probe. */
  accountKeyOf(service: ExternalService): string;
  originOf(service: ExternalService): string;
  /** False if the origin's budget for this minute is spent. */
  mayAsk(origin: string): boolean;
}

/** Maximum probes of one origin per minute, over all tenants. */
export const probesPerOriginAndMinute = 60;
const idleAfterMs = 86_400_000;
const idlePauseMs = 3_600_000;
/** A service is due slightly before a full interval, because timers are not exact. */
const dueShare = 0.9;

/** How long a service is not probed after a probe. */
export function pauseAfterProbe(due: Pick<DueService, 'usedAtMs'>, intervalMs: number, nowMs: number): number {
  return nowMs - due.usedAtMs >= idleAfterMs ? Math.max(idlePauseMs, intervalMs) : intervalMs * dueShare;
}

/** Plans one batch of due services. */
export function planProbes(rules: PlanRules, due: readonly DueService[], nowMs: number): ProbePlan {
  const putOff: PutOff[] = [];
  const asked: DueService[] = [];
  for (const one of due) {
    const dueAtMs = (one.checkedAtMs ?? 0) + pauseAfterProbe(one, rules.intervalMs, nowMs);
    // An unhealthy service is probed anyway: its breaker keeps traffic away, and its last attempts may be traffic's
    // failures.
    const isAskedEnough = dueAtMs > nowMs && (one.status === 'healthy' || isIdle(one, nowMs));
    if (isAskedEnough) putOff.push({ due: one, dueAtMs });
    else asked.push(one);
  }
  const groups: DueService[][] = [];
  const refused = new Map<string, number>();
  for (const group of Map.groupBy(asked, ({ service }) => rules.accountKeyOf(service)).values()) {
    const origin = rules.originOf((group[0] as DueService).service);
    if (rules.mayAsk(origin)) {
      groups.push(group);
      continue;
    }
    const before = refused.get(origin) ?? 0;
    refused.set(origin, before + 1);
    const minutes = 1 + Math.floor(before / probesPerOriginAndMinute);
    const dueAtMs = nowMs + Math.min(idlePauseMs, minutes * 60_000);
    for (const one of group) putOff.push({ due: one, dueAtMs });
  }
  return { groups, putOff };
}

function isIdle(due: DueService, nowMs: number): boolean {
  return nowMs - due.usedAtMs >= idleAfterMs;
}
