/**
 * Whether PostgreSQL answers, learnt from what happens and from probes.
 *
 *   here ──a connection could not be made, or a probe of a silent server missed its deadline──▶ away
 *   away ──a probe was answered──▶ here
 *
 * While away every call fails at once, so that no caller waits for a dead server; the probe alone keeps trying. A
 * statement that has not answered for `suspicionMs` raises a probe on a fresh connection: where that is answered the
 * statement is merely slow and is left alone, else the server is gone in silence (a cut cable, a stalled disk) and
 * `onAway` ends all that waits for it, long before TCP would notice. A server that has no room for one more connection
 * is neither away nor silent: what it has room for goes on.
 */
import type { Logger } from '../../logger.ts';
import { hasNoRoom } from './database-away.ts';

export interface AvailabilityDeps {
  /** One round trip on a fresh connection; rejects after its own deadline. */
  probe(): Promise<void>;
  onAway(): void;
  onBack(): void;
  readonly logger: Logger;
}

export interface Availability {
  isHere(): boolean;
  /** Reports that a connection could not be made. */
  reportUnreachable(cause: unknown): void;
  /** Counts a statement as waiting until the returned function is called. */
  watch(): () => void;
  close(): void;
}

const tickMs = 250;
const suspicionMs = 1_000;

export function createAvailability(deps: AvailabilityDeps): Availability {
  let here = true;
  let probing = false;
  let closed = false;
  /** Start times of the waiting statements. Bounded by the connections, because each statement holds one. */
  const waitingSinceMs = new Map<symbol, number>();

  const goAway = (cause: unknown): void => {
    if (!here || closed || hasNoRoom(cause)) return;
    here = false;
    deps.logger.error({ err: cause }, 'the database is away');
    deps.onAway();
  };

  const probe = async (): Promise<void> => {
    probing = true;
    try {
      await deps.probe();
      if (!here && !closed) {
        here = true;
        deps.logger.info('the database is back');
        deps.onBack();
      }
    } catch (cause) {
      goAway(cause);
    } finally {
      probing = false;
    }
  };

  const timer = setInterval(() => {
    if (probing) return;
    const oldestMs = waitingSinceMs.values().next().value;
    if (!here || (oldestMs !== undefined && performance.now() - oldestMs > suspicionMs)) void probe();
  }, tickMs);
  timer.unref();

  return {
    isHere: () => here,
    reportUnreachable: goAway,
    watch() {
      const id = Symbol();
      waitingSinceMs.set(id, performance.now());
      return () => waitingSinceMs.delete(id);
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
