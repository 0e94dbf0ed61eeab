/**
 * Probes of all tenants' services, by one replica at a time, as `plan-probes.ts` says whom.
 *
 * A round reads a bounded piece of what is due and asks a bounded number, so its work and its memory do not grow with
 * the services there are; what it did not get to is first in the next. The lease outlives a whole round, and a round
 * ends by its own deadline; should the holder die, another takes over when the lease has ended. A stop gives up the
 * probes under way.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import { startRounds } from '../rounds.ts';
import type { LookedAt } from '../storage/tables/probe-schedule.ts';
import { createOriginBudget } from './origin-budget.ts';
import { type DueService, pauseAfterProbe, planProbes, probesPerOriginAndMinute } from './plan-probes.ts';
import type { ProbeResult } from './probe.ts';

export interface ProberDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** One probe takes no longer. */
  readonly timeoutMs: number;
  /** Of every tenant, those due for longest first. */
  listDue(nowMs: number, limit: number): Promise<readonly DueService[]>;
  /** When each is looked at next; one that was changed since `lookedAtMs` stays due. */
  schedule(looked: readonly LookedAt[], lookedAtMs: number): Promise<void>;
  accountKeyOf(service: ExternalService): string;
  originOf(service: ExternalService): string;
  /** null: not asked, since the account's limit leaves no request for it. */
  probe(due: DueService, signal: AbortSignal): Promise<ProbeResult | null>;
  /** What a probe of the same account found holds for this service too. */
  adopt(service: ExternalService, result: ProbeResult): void;
  tryHold(ttlMs: number): Promise<boolean>;
  release(): Promise<void>;
}

/** Probes at a time, over all tenants. */
const concurrency = 8;
const maxLeaseMs = 3_600_000;
const batchServices = 500;
const maxBatches = 4;
const maxProbesPerRound = 600;
/** Of one account: the tenants whose limits are looked at for a request that may be sent. */
const maxAskers = 5;

export function startProber(deps: ProberDeps): { close(): Promise<void> } {
  const runRound = createProbeRound(deps);
  const rounds = startRounds({
    everyMs: deps.intervalMs,
    round: runRound,
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not probe services'),
  });

  return {
    async close() {
      await rounds.close();
      await deps
        .release()
        .catch((error: unknown) => deps.logger.debug({ err: error }, 'could not release the lease of the prober'));
    },
  };
}

/** Exported for tests: one round, where this replica has the lease. */
export function createProbeRound(deps: ProberDeps): (stopping: AbortSignal) => Promise<void> {
  const mayAsk = createOriginBudget(deps.clock, probesPerOriginAndMinute);

  return async (stopping) => {
    const roundMs = Math.max(deps.intervalMs, deps.timeoutMs);
    const leaseMs = Math.min(maxLeaseMs, roundMs + deps.intervalMs + 2 * deps.timeoutMs);
    if (!(await deps.tryHold(leaseMs))) return;
    const endsAtMs = deps.clock.now() + roundMs;
    const mayGoOn = (): boolean => !stopping.aborted && deps.clock.now() < endsAtMs;
    let left = maxProbesPerRound;
    for (let batch = 0; batch < maxBatches && left > 0 && mayGoOn(); batch += 1) {
      const nowMs = deps.clock.now();
      const due = await deps.listDue(nowMs, batchServices);
      const plan = planProbes({ ...deps, mayAsk }, due, nowMs);
      const looked: LookedAt[] = plan.putOff.map((one) => ({
        id: one.due.service.id,
        dueAtMs: one.dueAtMs,
        checkedAtMs: null,
      }));
      const queue = plan.groups.slice(0, left).values();
      left -= plan.groups.length;
      const work = async (): Promise<void> => {
        for (const group of queue) {
          if (!mayGoOn()) return;
          looked.push(...(await askForGroup(deps, group, stopping)));
        }
      };
      try {
        await Promise.all(Array.from({ length: concurrency }, work));
      } finally {
        // Also of a round that fails half-way: who was asked is not asked again at once.
        if (looked.length > 0) await deps.schedule(looked, nowMs);
      }
      if (due.length < batchServices) return;
    }
  };
}

async function askForGroup(
  deps: ProberDeps,
  group: readonly DueService[],
  stopping: AbortSignal,
): Promise<readonly LookedAt[]> {
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
