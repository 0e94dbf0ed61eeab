/** The filters of the log in the page's address. */

export const ranges = {
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
} as const;

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Any whole number of minutes, hours or days: `45m`, `2h`, `3d`; null for another text. */
export function rangeMs(text: string | null): number | null {
  const [, count, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(text ?? '') ?? [];
  return count === undefined ? null : Number(count) * unitMs[unit as keyof typeof unitMs];
}

export const operations = [
  'geocode',
  'reverse',
  'distance',
  'sheets_read',
  'sheets_write',
  'sheets_append',
  'sheets_clear',
  'sheets_metadata',
  'sheets_look',
  'sheets_change',
  'http',
  'health_check',
] as const;

/** Typed in full before the list is loaded. */
export const typedNames = [
  'request_id',
  'principal',
  'source_service',
  'response_status_code',
  'min_cost_usd',
] as const;
const plain = [
  'service_name',
  'operation',
  'exclude_operation',
  'status',
  'cache',
  'min_duration_ms',
  ...typedNames,
] as const;
/** All members of the address that filter the list. */
export const filterNames = [...plain, 'range', 'from', 'to'] as const;
export type FilterName = (typeof filterNames)[number];

/** In the form of the API. A relative range is computed at each request. */
export function apiFilter(query: URLSearchParams, nowMs = Date.now()): Record<string, string> {
  const filter: Record<string, string> = {};
  for (const name of plain) {
    const value = query.get(name);
    if (value !== null && value !== '') filter[name] = value;
  }
  const range = rangeMs(query.get('range'));
  const from = query.get('from');
  const to = query.get('to');
  if (from !== null) filter.from_date = from;
  if (to !== null) filter.to_date = to;
  if (from === null && to === null && range !== null) filter.from_date = new Date(nowMs - range).toISOString();
  return filter;
}

export function filterKey(query: URLSearchParams): string {
  return filterNames.map((name) => `${name}=${query.get(name) ?? ''}`).join('&');
}

/** The address with fixed times instead of a relative range or an open end: a colleague sees the list of `shownMs`. */
export function frozenAddress(query: URLSearchParams, shownMs: number): string {
  const frozen = new URLSearchParams(query);
  const range = rangeMs(frozen.get('range'));
  const isSliding = !frozen.has('from') && !frozen.has('to');
  if (isSliding && range !== null) frozen.set('from', new Date(shownMs - range).toISOString());
  if (!frozen.has('to')) frozen.set('to', new Date(shownMs).toISOString());
  frozen.delete('range');
  frozen.delete('live');
  return `${window.location.origin}${window.location.pathname}?${frozen}`;
}
