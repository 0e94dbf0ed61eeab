/** Cached answers by operation, and the cost of fetching them again. */
import type { CacheStats, Costs } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';

/** USD per call by service and operation, from this month's costs. */
export type Prices = ReadonlyMap<string, number>;

export function usePrices(): Prices {
  const month = new Date().toISOString().slice(0, 7);
  const { data } = useQuery(`prices:${month}`, async (api, signal) => {
    const query = { from_date: `${month}-01`, group_by: 'service,operation' };
    const { rows } = await api.get<Costs>('/costs', query, signal);
    return new Map(
      rows
        // The requests include cache hits, which cost nothing.
        .map((row) => ({ ...row, asked: row.request_count - row.cached_count }))
        .filter(({ asked }) => asked > 0)
        .map((row) => [`${row.service} ${row.operation}`, row.total_cost / row.asked]),
    );
  });
  return data ?? new Map();
}

export interface OperationRow {
  readonly service: string;
  readonly operation: string;
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly size_bytes: number;
}

export function rowsOf(stats: CacheStats): readonly OperationRow[] {
  return stats.services.flatMap(({ service_name, operations }) =>
    operations.map((one) => ({ service: service_name, ...one })),
  );
}

/** The number of these answers, and the cost of fetching each of them again. */
export function refill(
  rows: readonly OperationRow[],
  prices: Prices,
): { readonly count: number; readonly costUsd: number } {
  return {
    count: rows.reduce((sum, { entries }) => sum + entries, 0),
    costUsd: rows.reduce(
      (sum, { service, operation, entries }) => sum + entries * (prices.get(`${service} ${operation}`) ?? 0),
      0,
    ),
  };
}

/** By service and operation: a pattern with an exact hash counts as at most one. */
export function matching(rows: readonly OperationRow[], pattern: string): readonly OperationRow[] {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const whole = new RegExp(`^${source}$`);
  return rows.filter(({ service, operation }) => whole.test(`${service}:${operation}:${'0'.repeat(64)}`));
}
