/** What a page asks of the API: asked again on demand or by a clock, the old answer shown meanwhile. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useApi } from '../app/session.tsx';
import { type Api, ApiError } from './client.ts';

export interface QueryState<T> {
  /** The last good answer: of the question before while that of a new one is awaited. */
  readonly data: T | null;
  /** Whether `data` answers another question than the one that is asked now: it is shown as old, or not at all. */
  readonly isOld: boolean;
  readonly error: ApiError | null;
  readonly isLoading: boolean;
  readonly updatedAt: string | null;
  reload(): void;
}

const longestPauseMs = 120_000;
/** What is asked once is asked again where the service was busy. */
const busyMs = 1_000;

/** `key` names the question: another key is another question. null asks nothing. */
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
  }>({
    key: null,
    data: null,
    error: null,
    updatedAt: null,
  });
  const [isLoading, setLoading] = useState(key !== null);
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;

  // `round` asks again.
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      setLoading(true);
      let pauseMs = refreshMs;
      try {
        const data = await latest.current(api, stop.signal);
        if (stop.signal.aborted) return;
        setState({ key, data, error: null, updatedAt: new Date().toISOString() });
      } catch (thrown) {
        if (stop.signal.aborted) return;
        const error = thrown instanceof ApiError ? thrown : new ApiError(0, { detail: String(thrown) });
        setState((before) => ({ ...before, key, data: before.key === key ? before.data : null, error }));
        // The service asked for peace, or lies down: come back later each time.
        if (pauseMs !== undefined || error.status === 429) {
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

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isOwn = state.key === key;
  return {
    // Filters change within a page: the rows before stay until the new ones are there.
    data: state.data,
    isOld: key !== null && !isOwn && state.data !== null,
    error: isOwn ? state.error : null,
    isLoading: isLoading || !isOwn,
    updatedAt: state.updatedAt,
    reload,
  };
}
