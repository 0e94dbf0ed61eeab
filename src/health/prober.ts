/**
 * Probes all tenants' services, on one replica at a time; `plan-probes.ts` decides which. A round reads and probes a
 * bounded number of due services, so its work does not grow with their number; the others come first in the next round.
 * The lease outlives a round, and a round ends by its own deadline; if the holder dies, another replica takes over when
 * the lease has expired. A stop cancels running probes.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import { type Rounds, startRounds } from '../rounds.ts';
import type { ScheduledProbe } from '../storage/tables/probe-schedule.ts';
import { createOriginBudget } from './origin-budget.ts';
import { type DueService, pauseAfterProbe, planProbes, probesPerOriginAndMinute } from './plan-probes.ts';
import type { ProbeResult } from './probe.ts';

export interface ProberDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Maximum duration of one probe. */
  readonly timeoutMs: number;
  /** Due services of every tenant, longest overdue first. */
  listDue(nowMs: number, limit: number): Promise<readonly DueService[]>;
  /** Sets when each service is probed next; a service that changed after `checkedAtMs` stays due. */
  schedule(scheduled: readonly ScheduledProbe[], checkedAtMs: number): Promise<void>;
  accountKeyOf(service: ExternalService): string;
  originOf(service: ExternalService): string;
  /** Probes a service. null: not probed, because its limit has no request left. */
  probe(due: DueService, signal: AbortSignal): Promise<ProbeResult | null>;
  /** Applies the result of a probe of the same account to this service too. */
  adopt(service: ExternalService, result: ProbeResult): void;
  tryHold(ttlMs: number): Promise<boolean>;
  release(): Promise<void>;
}

/** Concurrent probes, over all tenants. */
const concurrency = 8;
const maxLeaseMs = 3_600_000;
const batchServices = 500;
const maxBatches = 4;
const maxProbesPerRound = 600;
/** Per account: how many tenants' limits are checked for a request that may be sent. */
const maxAskers = 5;

/** Starts the rounds. */
export function startProber(deps: ProberDeps): Rounds {
  return startRounds({
    everyMs: deps.intervalMs,
    round: createProbeRound(deps),
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not probe services; will retry'),
    afterLast: () =>
      deps
        .release()
        .catch((error: unknown) => deps.logger.debug({ err: error }, 'could not release the lease of the prober')),
  });
}

/** Exported for tests: creates one round, which runs if this replica gets the lease. */
export function createProbeRound(deps: ProberDeps): (stopping: AbortSignal) => Promise<void> {
  const mayAsk = createOriginBudget(deps.clock, probesPerOriginAndMinute);

  return async (stopping) => {
    const roundMs = Math.max(deps.intervalMs, deps.timeoutMs);
    const leaseMs = Math.min(maxLeaseMs, roundMs + deps.intervalMs + 2 * deps.timeoutMs);
    if (!(await deps.tryHold(leaseMs))) return;
    const endsAtMs = deps.clock.now() + roundMs;
    const mayContinue = (): boolean => !stopping.aborted && deps.clock.now() < endsAtMs;
    let left = maxProbesPerRound;
    for (let batch = 0; batch < maxBatches && left > 0 && mayContinue(); batch += 1) {
      const nowMs = deps.clock.now();
      const due = await deps.listDue(nowMs, batchServices);
      const plan = planProbes({ ...deps, mayAsk }, due, nowMs);
      const scheduled: ScheduledProbe[] = plan.putOff.map((one) => ({
        id: one.due.service.id,
        dueAtMs: one.dueAtMs,
        checkedAtMs: null,
      }));
      const queue = plan.groups.slice(0, left).values();
      left -= plan.groups.length;
      const work = async (): Promise<void> => {
        for (const group of queue) {
          if (!mayContinue()) return;
          scheduled.push(...(await probeGroup(deps, group, stopping)));
        }
      };
      try {
        await Promise.all(Array.from({ length: concurrency }, work));
      } finally {
        // Also if a round fails half-way, so that probed services are not probed again at once.
        if (scheduled.length > 0) await deps.schedule(scheduled, nowMs);
      }
      if (due.length < batchServices) return;
    }
  };
}

async function probeGroup(
  deps: ProberDeps,
  group: readonly DueService[],
  stopping: AbortSignal,
): Promise<readonly ScheduledProbe[]> {
  let result: ProbeResult | null = null;
  let asker: DueService | null = null;
  for (const due of group.slice(0, maxAskers)) {
    result = await deps.probe(due, stopping);
    asker = due;
    if (result !== null) break;
  }
  const nowMs = deps.clock.now();
  return group.map((due) => {
    const isOfOthers = due !== asker && result !== null && result.ok !== null;
    const changesNothing = due.status === 'healthy' && result?.ok === true;
    if (isOfOthers && result !== null && !changesNothing) deps.adopt(due.service, result);
    return {
      id: due.service.id,
      dueAtMs: nowMs + pauseAfterProbe(due, deps.intervalMs, nowMs),
      checkedAtMs: isOfOthers && result !== null && changesNothing ? result.startedAtMs : null,
    };
  });
}
