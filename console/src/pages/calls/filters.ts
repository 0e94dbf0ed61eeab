/** The filters of the log, as they stand in the address. */

export const ranges = {
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
} as const;
export type RangeName = keyof typeof ranges;

export const statuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled'] as const;
export const operations = [
  'geocode',
  'reverse',
  'distance',
  'sheets_read',
  'sheets_write',
  'sheets_append',
  'sheets_clear',
  'sheets_metadata',
  'http',
  'health_check',
] as const;

const plain = ['service_name', 'operation', 'status', 'min_duration_ms', 'request_id', 'principal'] as const;
/** All members of the address that narrow the list. */
export const filterNames = [...plain, 'range', 'from', 'to', 'hide_probes'] as const;

/** As the API takes them. A relative range slides: it is worked out when it is asked. */
export function apiFilter(query: URLSearchParams, nowMs = Date.now()): Record<string, string> {
  const filter: Record<string, string> = {};
  for (const name of plain) {
    const value = query.get(name);
    if (value !== null && value !== '') filter[name] = value;
  }
  const range = query.get('range');
  const from = query.get('from');
  const to = query.get('to');
  if (from !== null) filter.from_date = from;
  if (to !== null) filter.to_date = to;
  if (from === null && to === null && range !== null && range in ranges) {
    filter.from_date = new Date(nowMs - ranges[range as RangeName]).toISOString();
  }
  return filter;
}

export function filterKey(query: URLSearchParams): string {
  return filterNames.map((name) => `${name}=${query.get(name) ?? ''}`).join('&');
}

/** The address with instants instead of a sliding range: what a colleague sees is what is seen here. */
export function frozenAddress(query: URLSearchParams, nowMs = Date.now()): string {
  const frozen = new URLSearchParams(query);
  const range = frozen.get('range');
  if (range !== null && range in ranges) {
    frozen.delete('range');
    frozen.set('from', new Date(nowMs - ranges[range as RangeName]).toISOString());
    frozen.set('to', new Date(nowMs).toISOString());
  }
  frozen.delete('live');
  const text = frozen.toString();
  return `${window.location.origin}${window.location.pathname}${text === '' ? '' : `?${text}`}`;
}

/** For `<input type="datetime-local">`, which speaks of local time without a zone. */
export function toLocalInput(iso: string | null): string {
  if (iso === null) return '';
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function fromLocalInput(value: string): string | null {
  if (value === '') return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
