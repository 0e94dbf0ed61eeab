/** Says in words when a sheets account's quota will be spent at its present rate. */
import type { ExternalService } from '../directory/service.ts';
import type { Problem } from './problem.ts';
import { spanWords } from './span-words.ts';

/** The forecast for one quota of one account: a minute's reads or writes. */
export interface QuotaForecast {
  readonly service: ExternalService;
  readonly kind: 'read' | 'write';
  readonly max_requests: number;
  readonly requests_per_minute: number;
  /** null: never at this rate; 0: it is spent. */
  readonly spent_in_seconds: number | null;
  readonly most_from: { readonly source_service: string | null; readonly requests: number } | null;
}

const kindRu = { read: 'чтение', write: 'запись' } as const;

/** The kind of the problem for this quota. */
export function forecastKind(quota: string | undefined): string {
  return `sheets_${quota}_limit_near`;
}

/** null if the quota will last, or is already spent, which the limit itself reports. */
export function problemOfForecast({ service, ...quota }: QuotaForecast): Problem | null {
  if (quota.spent_in_seconds === null || quota.spent_in_seconds <= 0) return null;
  const [left, leftRu] = spanWords(quota.spent_in_seconds * 1000);
  const name = service.displayName || service.serviceName;
  const { kind, max_requests: max, requests_per_minute: rate, most_from: most } = quota;
  const caller = most?.source_service ?? null;
  const from = caller === null ? '' : `; most from ${caller} (${most?.requests} in the last minute)`;
  const fromRu = caller === null ? '' : `; больше всех — ${caller} (${most?.requests} за последнюю минуту)`;
  return {
    kind: forecastKind(kind),
    severity: 'warning',
    since: null,
    message: `${name} will reach Google's ${kind} limit (${max} a minute) in ${left}${from}`,
    message_ru: `${name} достигнет лимита Google на ${kindRu[kind]} (${max} в минуту) через ${leftRu}${fromRu}`,
    link: '/console/limits',
    service: service.serviceName,
    count: rate,
  };
}
