/**
 * Names are looked up by the system, in threads: Node has four, and gives two of them to this. A name whose servers do not
 * answer holds one for ten seconds or more, so that some calls to it would keep everybody's names from being looked up.
 *
 * All who want one name at a time share one look-up. A name that failed slowly is left alone for ten times as long, and
 * those who want it meanwhile are told its error at once: it holds a thread a tenth of the time at most. What was found is
 * not kept, since the address of each connection is judged by itself.
 */
import type { LookupAddress } from 'node:dns';
import { setBounded } from '../bounded-map.ts';
import type { ResolveAll } from './guard.ts';

type Callback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** A failure that came sooner held nobody up. */
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
