/**
 * Publishes telemetry events (cache hits and misses) directly from memory, unconfirmed. The rate and the queue are
 * bounded; events above a bound are dropped and counted. A request only pays for a push onto an array; the event is
 * rendered later.
 */
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../clock.ts';
import { brokerMessageOf, sealEnvelope } from './envelope.ts';
import type { TelemetryEvent } from './events.ts';

export interface TelemetryDeps {
  readonly broker: Pick<Broker, 'isAvailable' | 'publishUnconfirmed'>;
  readonly clock: Clock;
  /** Called with the number of events dropped since the last call. */
  onDropped?(count: number): void;
  /** Default 1,000. */
  readonly maxPerSecond?: number;
  /** Default 2,000. */
  readonly maxQueued?: number;
}

export interface TelemetryPublisher {
  publishTelemetry(event: TelemetryEvent): void;
  /** Sends the queued events, then stops. */
  close(): Promise<void>;
}

/** Events within this time are published together, in one write. No caller waits for them. */
const gatherMs = 20;
/** Maximum events rendered in one turn of the event loop, so that a full queue does not delay requests. */
const renderedPerTurn = 50;

/** Creates the publisher; see the top of this file. */
export function createTelemetryPublisher(deps: TelemetryDeps): TelemetryPublisher {
  const maxPerSecond = deps.maxPerSecond ?? 1_000;
  const maxQueued = deps.maxQueued ?? 2_000;
  let queue: TelemetryEvent[] = [];
  let scheduled: NodeJS.Timeout | null = null;
  let secondBeganAtMs = Number.NEGATIVE_INFINITY;
  let takenThisSecond = 0;
  let closed = false;

  const flush = (): void => {
    scheduled = null;
    const turn = queue.slice(0, renderedPerTurn);
    queue = queue.slice(renderedPerTurn);
    let dropped = 0;
    for (const event of turn) if (!send(event)) dropped += 1;
    if (dropped > 0) deps.onDropped?.(dropped);
    if (queue.length > 0) scheduled = setTimeout(flush, 0);
  };

  const send = (event: TelemetryEvent): boolean =>
    deps.broker.isAvailable() && deps.broker.publishUnconfirmed(brokerMessageOf(sealEnvelope(event)));

  return {
    publishTelemetry(event) {
      const nowMs = deps.clock.now();
      if (nowMs - secondBeganAtMs >= 1_000 || nowMs < secondBeganAtMs) {
        secondBeganAtMs = nowMs;
        takenThisSecond = 0;
      }
      if (closed || takenThisSecond >= maxPerSecond || queue.length >= maxQueued) {
        deps.onDropped?.(1);
        return;
      }
      takenThisSecond += 1;
      queue.push(event);
      scheduled ??= setTimeout(flush, gatherMs);
    },
    async close() {
      closed = true;
      while (queue.length > 0) {
        if (scheduled !== null) clearTimeout(scheduled);
        flush();
      }
    },
  };
}
