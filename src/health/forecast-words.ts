/** Words for the forecast when a Sheets account's quota will be spent. */
import type { ExternalService } from '../directory/service.ts';
import type { Problem } from './problem.ts';
import { spanWords } from './span-words.ts';

/** The forecast for one quota of one account: a minute's reads or writes. */
export interface QuotaForecast {
  readonly service: ExternalService;
  readonly kind: 'read' | 'write';
  readonly max_requests: number;
  /** The share that this replica may spend while Redis is away; null: the whole limit. */
  readonly share_max_requests: number | null;
  readonly requests_per_minute: number;
  /** null: not at this rate; 0: it is spent. */
  readonly spent_in_seconds: number | null;
  readonly most_from: { readonly source_service: string | null; readonly requests: number } | null;
}

const kindRu = { read: 'чтение', write: 'запись' } as const;

/** The kind of the problem for this quota. */
export function forecastKind(quota: string | undefined): string {
  return `sheets_${quota}_limit_near`;
}

/** The problem; null if the quota lasts, or is spent already, which the limit itself reports. */
export function problemOfForecast({ service, ...quota }: QuotaForecast): Problem | null {
  if (quota.spent_in_seconds === null || quota.spent_in_seconds <= 0) return null;
  const [left, leftRu] = spanWords(quota.spent_in_seconds * 1000);
  const name = service.displayName || service.serviceName;
  const { kind, max_requests: max, share_max_requests: share, requests_per_minute: rate, most_from: most } = quota;
  const caller = most?.source_service ?? null;
  const from = caller === null ? '' : `; most from ${caller} (${most?.requests} in the last minute)`;
  const fromRu = caller === null ? '' : `; больше всех — ${caller} (${most?.requests} за последнюю минуту)`;
  return {
    kind: forecastKind(kind),
    severity: 'warning',
    since: null,
    message: `${name} will reach ${share === null ? `Google's ${kind} limit (${max}` : `this replica’s share of Google's ${kind} limit (${share} of ${max}`} a minute) in ${left}${from}`,
    message_ru: `${name} достигнет ${share === null ? `лимита Google на ${kindRu[kind]} (${max}` : `доли этой реплики в лимите Google на ${kindRu[kind]} (${share} из ${max}`} в минуту) через ${leftRu}${fromRu}`,
    link: '/console/limits',
    service: service.serviceName,
    count: rate,
  };
}
