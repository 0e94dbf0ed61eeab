/** Sums the usage of cache hits, so that a thousand hits a second cost one row a second. */
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { UsageRecord } from './intake.ts';

export interface UsageGatherer {
  add(usage: UsageRecord): void;
  /** Submits the gathered usage if the last submission was at least a second ago. */
  flushIfDue(): void;
  /** Submits the rest; resolves when all of it is stored or failed for now. */
  write(): Promise<void>;
}

const flushIntervalMs = 1_000;
/**
 * Maximum different keys (minute, tenant, service, operation) at once. Usage of further keys is not counted; each flush
 * logs how much.
 */
const maxKeys = 10_000;
const minuteMs = 60_000;

/** Creates the gatherer; `submit` hands a batch to the intake. */
export function createUsageGatherer(deps: {
  clock: Clock;
  logger: Logger;
  /** Rejects if nothing can be stored now; the usage is then added again. */
  submit(usage: readonly UsageRecord[]): Promise<void>;
}): UsageGatherer {
  let gathered = new Map<string, UsageRecord>();
  let leftOut = 0;
  let flushedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  /** Submissions that have not settled yet. */
  const underWay = new Set<Promise<void>>();

  const add = (usage: UsageRecord): void => {
    const key = `${Math.floor(usage.atMs / minuteMs)} ${usage.tenantId} ${usage.operation} ${usage.serviceName}`;
    const sum = gathered.get(key);
    if (sum === undefined && gathered.size >= maxKeys) {
      leftOut += 1;
      return;
    }
    gathered.set(key, sum === undefined ? usage : sumOf(sum, usage));
    // A commit may flush earlier; without one, the timer does.
    timer ??= setTimeout(flush, flushIntervalMs).unref();
  };

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (gathered.size === 0) return;
    if (leftOut > 0)
      deps.logger.warn({ left_out: leftOut }, 'too many usage keys in one second: some usage is not counted');
    leftOut = 0;
    flushedAtMs = deps.clock.now();
    const handedOver = [...gathered.values()];
    gathered = new Map();
    const storing = deps
      .submit(handedOver)
      .catch((error: unknown) => {
        deps.logger.warn({ err: error }, 'could not store usage yet');
        for (const usage of handedOver) add(usage);
      })
      .finally(() => underWay.delete(storing));
    underWay.add(storing);
  };

  return {
    add,
    flushIfDue() {
      if (deps.clock.now() - flushedAtMs >= flushIntervalMs) flush();
    },
    async write() {
      flush();
      await Promise.all(underWay);
    },
  };
}

function sumOf(a: UsageRecord, b: UsageRecord): UsageRecord {
  return {
    ...a,
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    cached: a.cached + b.cached,
    costUsd: a.costUsd + b.costUsd,
    savedByCacheUsd: a.savedByCacheUsd + b.savedByCacheUsd,
  };
}
