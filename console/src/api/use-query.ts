/** A request of a page to the API, repeated on demand or by a timer; the old answer stays visible meanwhile. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useRepeat } from '../app/location.tsx';
import { useApi } from '../app/session.tsx';
import { type Api, ApiError } from './client.ts';

export interface QueryState<T> {
  /** The last good answer; while a new key is loading, the answer to the old one. */
  readonly data: T | null;
  /** Whether `data` answers an older key, or is from before a change: it is shown as old. */
  readonly isOld: boolean;
  readonly error: ApiError | null;
  readonly isLoading: boolean;
  readonly updatedAt: string | null;
  readonly reload: Reload<T>;
}

/**
 * Asks again, after a change or a failure. `change` puts into the data what the change is known to have done; without it, the
 * data is old until the answer is there. Answers that were asked for before are dropped: they may not know of the change.
 */
export type Reload<T> = (change?: (data: T) => T) => void;

const longestPauseMs = 120_000;
/** A request without a timer is repeated if the service was busy. */
const busyMs = 1_000;

/** `key` identifies the request: another key is another request. null requests nothing. */
export function useQuery<T>(
  key: string | null,
  ask: (api: Api, signal: AbortSignal) => Promise<T>,
  { refreshMs }: { refreshMs?: number } = {},
): QueryState<T> {
  const api = useApi();
  const [state, setState] = useState<{
    key: string | null;
    data: T | null;
    error: ApiError | null;
    updatedAt: string | null;
    isFromBefore: boolean;
  }>({
    key: null,
    data: null,
    error: null,
    updatedAt: null,
    isFromBefore: false,
  });
  const [isLoading, setLoading] = useState(key !== null);
  const [round, setRound] = useState(0);
  const latest = useRef({ ask, key, round: 0 });
  latest.current.ask = ask;
  latest.current.key = key;

  // A change of `round` repeats the request.
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    // A reload counts at once, the effect that follows it ends this one a moment later.
    const isOver = (): boolean => stop.signal.aborted || latest.current.round !== round;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      setLoading(true);
      let pauseMs = refreshMs;
      try {
        const data = await latest.current.ask(api, stop.signal);
        if (isOver()) return;
        setState({ key, data, error: null, updatedAt: new Date().toISOString(), isFromBefore: false });
      } catch (thrown) {
        if (isOver()) return;
        const error = thrown instanceof ApiError ? thrown : new ApiError(0, { detail: String(thrown) });
        setState((before) => ({
          ...before,
          key,
          data: before.key === key ? before.data : null,
          error,
          isFromBefore: false,
        }));
        if (error.status === 401) {
          // The session has ended: an open tab must not send refused requests for days. Signing in starts new ones.
          pauseMs = undefined;
        } else if (pauseMs !== undefined || error.status === 429) {
          // The service is busy or away: each repeat waits longer.
          const askedMs = (error.retryAfterSeconds ?? 0) * 1_000;
          pauseMs = Math.min(longestPauseMs, Math.max((pauseMs ?? busyMs) * 4, askedMs));
        }
      }
      setLoading(false);
      if (pauseMs !== undefined) timer = setTimeout(onTime, pauseMs);
    };
    const onTime = (): void => {
      if (document.visibilityState === 'visible') void run();
      else document.addEventListener('visibilitychange', onTime, { once: true, signal: stop.signal });
    };
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, api, refreshMs, round]);

  const reload = useCallback((change?: (data: T) => T): void => {
    latest.current.round += 1;
    setRound(latest.current.round);
    setState((before) => {
      if (before.data === null || before.key !== latest.current.key) return before;
      return change === undefined ? { ...before, isFromBefore: true } : { ...before, data: change(before.data) };
    });
  }, []);
  useRepeat(reload);
  const isOwn = state.key === key;
  return {
    // Filters change within a page: old rows stay until the new ones arrive.
    data: state.data,
    isOld: key !== null && state.data !== null && (!isOwn || state.isFromBefore),
    error: isOwn ? state.error : null,
    isLoading: isLoading || !isOwn,
    updatedAt: state.updatedAt,
    reload,
  };
}
