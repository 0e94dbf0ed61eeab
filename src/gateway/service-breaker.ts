/** The circuit breaker of a service in its current configuration, and closing it on all replicas. */
import type { ExternalService } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import type { Logger } from '../logger.ts';
import type { KnownOperation } from '../providers/provider.ts';
import {
  type BreakerPolicy,
  type CircuitBreaker,
  defaultBreakerPolicy,
  type Part,
} from '../resilience/circuit-breaker.ts';
import type { CircuitBreakers } from '../resilience/circuit-breakers.ts';
import type { Database } from '../storage/postgres/database.ts';
import { notify } from '../storage/postgres/notify.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';

/**
 * The service's breaker. A changed service gets a new, closed one: once a refused key is replaced, calls do not wait
 * for the pause that the old key caused.
 */
export function breakerOf(deps: Pick<CallDeps, 'breakers'>, service: ExternalService): CircuitBreaker {
  // A changed policy is a changed service, which has another key: a breaker keeps the policy it was created with.
  return deps.breakers.breakerFor(breakerKeyOf(service), () => policyOf(service));
}

/**
 * The service's own policy. The failure share must not open the breaker before the service's number of consecutive
 * failures is reached.
 */
function policyOf(service: ExternalService): Partial<BreakerPolicy> {
  const { failuresInARow, openMs } = termsOf(service).breaker;
  const { minimumAttempts, openMsMax } = defaultBreakerPolicy;
  return {
    ...(failuresInARow === null ? {} : { failuresInARow, minimumAttempts: Math.max(minimumAttempts, failuresInARow) }),
    ...(openMs === null ? {} : { openMs, openMsMax: Math.max(openMsMax, openMs) }),
  };
}

/** The part of the service that a call concerns, whose failures alone are not an outage. */
export function partOf<Op extends KnownOperation>({ capability, input, question }: Call<Op>): Part {
  // Only spreadsheets and paths, which are few. Every address is a part of its own: all of them would be
  // tried.
  return { key: capability.partOf?.(input) ?? question, mayPassOpenBreaker: capability.partOf !== undefined };
}

/** Updates the breaker's metric. */
export function showBreaker(deps: Pick<CallDeps, 'metrics'>, service: ExternalService, breaker: CircuitBreaker): void {
  deps.metrics.breakerState(service.serviceName, service.id, breaker.state().kind);
}

export interface BreakerClosing {
  /** Closes the service's breaker: here at once, on other replicas when they get the notification. */
  closeEverywhere(service: ExternalService): Promise<void>;
  close(): Promise<void>;
}

export interface BreakerClosingDeps {
  readonly breakers: Pick<CircuitBreakers, 'closeBreaker'>;
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly metrics: Pick<CallDeps['metrics'], 'breakerState'>;
  readonly logger: Logger;
}

/** The notification between replicas: the breaker's key, and the names for its metric. */
interface Closed {
  readonly key: string;
  readonly id: string;
  readonly name: string;
}

const channel = 'breaker_closed';

/**
 * Closes breakers on all replicas after an admin's successful check, through NOTIFY. A replica that misses the
 * notification, or all while the database is away, waits for the breaker's own time.
 */
export async function openBreakerClosing(deps: BreakerClosingDeps): Promise<BreakerClosing> {
  const { breakers, db, metrics, logger } = deps;
  const closeHere = ({ key, id, name }: Closed): void => {
    if (breakers.closeBreaker(key)) metrics.breakerState(name, id, 'closed');
  };
  const stopListening = await db.listen(channel, (payload) => {
    if (payload === null) return;
    const closed = parseClosed(payload);
    if (closed === null) logger.warn({ channel }, 'could not parse the notification of a closed breaker');
    else closeHere(closed);
  });
  return {
    async closeEverywhere(service) {
      const closed: Closed = { key: breakerKeyOf(service), id: service.id, name: service.serviceName };
      closeHere(closed);
      try {
        await notify(db, channel, JSON.stringify(closed));
      } catch (error) {
        logger.warn({ err: error, service: service.serviceName }, 'could not broadcast the breaker’s close');
      }
    },
    close: stopListening,
  };
}

const keys = new WeakMap<object, string>();

/** The key of the service's breaker: it changes with every change of the service. */
export function breakerKeyOf(service: Pick<ExternalService, 'id' | 'updatedAtMs'>): string {
  let key = keys.get(service);
  if (key === undefined) {
    key = `${service.id} ${service.updatedAtMs}`;
    keys.set(service, key);
  }
  return key;
}

function parseClosed(payload: string): Closed | null {
  try {
    const { key, id, name } = JSON.parse(payload) as Partial<Closed>;
    const isComplete = typeof key === 'string' && typeof id === 'string' && typeof name === 'string';
    return isComplete ? { key, id, name } : null;
  } catch {
    return null;
  }
}
