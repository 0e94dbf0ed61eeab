/** Records who spends the accounts' quotas, as seen by this replica in the last minute. */
import { getOrCreateBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { Shown } from '../../schema-parts.ts';
import type { sheetsHealthSchema } from '../schemas.ts';

export interface Spender {
  /** `X-Service-Name`; null if the caller did not send it. */
  readonly source_service: string | null;
  readonly requests: number;
}

export interface Spending {
  /** `key` is the key of the limit: `service:<id>:read`. */
  note(key: string, sourceService: string | null): void;
  /** Requests of the last minute and of its last quarter, and the biggest spenders. */
  lastMinute(key: string): { readonly requests: number; readonly lately: number; readonly most: Spender | null };
}

const windowMs = 60_000;
const latelyMs = 15_000;
const maxKeys = 5_000;
/** No account can make more requests in a minute. */
const maxKept = 10_000;

export function createSpending(clock: Clock): Spending {
  const byKey = new Map<string, { atMs: number; source: string | null }[]>();
  return {
    note(key, source) {
      const kept = getOrCreateBounded(byKey, key, maxKeys, () => []);
      kept.push({ atMs: clock.now(), source });
      if (kept.length > maxKept) kept.splice(0, kept.length - maxKept);
    },
    lastMinute(key) {
      const nowMs = clock.now();
      const recent = (byKey.get(key) ?? []).filter(({ atMs }) => nowMs - atMs < windowMs);
      const bySource = new Map<string | null, number>();
      for (const { source } of recent) bySource.set(source, (bySource.get(source) ?? 0) + 1);
      const [most] = [...bySource].sort(([, a], [, b]) => b - a);
      return {
        requests: recent.length,
        lately: recent.filter(({ atMs }) => nowMs - atMs < latelyMs).length,
        most: most === undefined ? null : { source_service: most[0], requests: most[1] },
      };
    },
  };
}

export type Forecast = Shown<typeof sheetsHealthSchema>['forecast'][number];

/** Extrapolates the rate of the last quarter of a minute; other replicas are assumed to spend at the same pace. */
export function forecastOf(
  kind: 'read' | 'write',
  { requests, lately, most }: ReturnType<Spending['lastMinute']>,
  limit: { readonly maxRequests: number; readonly usedRequests: number },
): Forecast {
  const overAll = Math.max(1, limit.usedRequests / Math.max(1, requests));
  const perMinute = Math.round(lately * (windowMs / latelyMs) * overAll);
  const left = Math.max(0, limit.maxRequests - limit.usedRequests);
  const isSpending = perMinute > limit.maxRequests || left === 0;
  return {
    kind,
    requests_per_minute: perMinute,
    spent_in_seconds: isSpending ? (left === 0 ? 0 : Math.ceil((left / perMinute) * 60)) : null,
    most_from: most,
  };
}
