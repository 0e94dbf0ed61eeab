/**
 * Node resolves names in at most two of its four threads. A name with unresponsive servers holds a thread for ten
 * seconds or more, so a few calls to it would block all other look-ups.
 *
 * All look-ups of one name share one request. A name that failed slowly is not looked up for ten times as long, and its
 * callers get its error at once, so it uses a thread at most a tenth of the time. Results are not cached, because the
 * address of each connection is checked.
 */
import type { LookupAddress } from 'node:dns';
import { setBounded } from '../bounded-map.ts';
import type { ResolveAll } from './guard.ts';

type Callback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** Faster failures do not block other names. */
const slowMs = 1_000;
const restPerWait = 10;
const longestRestMs = 60_000;
/** At the bound the oldest entry is dropped, and its name is looked up again. */
const maxResting = 1_000;

/** Wraps `resolve` with both rules. */
export function shareLookups(resolve: ResolveAll, monotonicNow: () => number = () => performance.now()): ResolveAll {
  /** Callbacks of look-ups in progress, by name. The sockets of each origin bound their number. */
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
