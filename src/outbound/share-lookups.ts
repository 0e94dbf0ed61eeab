/**
 * The system resolves names in threads: Node has four, and gives two of them to this. A name with unresponsive servers
 * holds a thread for ten seconds or more, so that some calls to it would block the look-up of all other names.
 *
 * All look-ups of one name share one request. A name that failed slowly is not looked up for ten times as long, and its
 * callers get its error at once: it occupies a thread for a tenth of the time at most. Results are not cached, since
 * the address of each connection is checked.
 */
import type { LookupAddress } from 'node:dns';
import { setBounded } from '../bounded-map.ts';
import type { ResolveAll } from './guard.ts';

type Callback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** A faster failure blocks no other name. */
const slowMs = 1_000;
const restPerWait = 10;
const longestRestMs = 60_000;
/** At the bound the one that began to rest first is looked up again. */
const maxResting = 1_000;

export function shareLookups(resolve: ResolveAll, monotonicNow: () => number = () => performance.now()): ResolveAll {
  /** As many as there are names in use; who waits is bounded by the sockets of its origin. */
  const underWay = new Map<string, Callback[]>();
  const resting = new Map<string, { readonly untilMs: number; readonly error: NodeJS.ErrnoException }>();

  const letRest = (key: string, error: NodeJS.ErrnoException, tookMs: number): void => {
    const untilMs = monotonicNow() + Math.min(longestRestMs, tookMs * restPerWait);
    setBounded(resting, key, { untilMs, error }, maxResting);
  };

  return (hostname, options, callback) => {
    const key = `${hostname} ${options.family ?? 0} ${options.hints ?? 0}`;
    const rest = resting.get(key);
    if (rest !== undefined && monotonicNow() < rest.untilMs) {
      setImmediate(callback, rest.error, []);
      return;
    }
    resting.delete(key);
    const together = underWay.get(key);
    if (together !== undefined) {
      together.push(callback);
      return;
    }
    const callbacks = [callback];
    underWay.set(key, callbacks);
    const beganAtMs = monotonicNow();
    resolve(hostname, options, (error, addresses) => {
      underWay.delete(key);
      const tookMs = monotonicNow() - beganAtMs;
      if (error !== null && tookMs >= slowMs) letRest(key, error, tookMs);
      for (const each of callbacks) each(error, addresses);
    });
  };
}
