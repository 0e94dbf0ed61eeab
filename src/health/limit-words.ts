/** Words for a limit that is spent, or will be spent soon. */
import type { ShareReason } from '../limits/limits.ts';
import { shareReasonTexts } from '../limits/refusal-text.ts';
import type { LimitWindowUse } from '../limits/schemas.ts';
import type { Problem } from './problem.ts';
import { clockTime, spanWords } from './span-words.ts';

/** Below this share of a limit, its rate is not meaningful yet. */
const limitWarningShare = 0.6;
const windowsRu = { minute: 'минуту', hour: 'час', day: 'день', month: 'месяц' } as const;

const shareReasonWords = {
  redis_away: [shareReasonTexts.redis_away, 'Redis не отвечает'],
  redis_returning: [shareReasonTexts.redis_returning, 'Redis только что был недоступен'],
} as const satisfies Record<ShareReason, readonly [string, string]>;

/** The problem of a limit that is spent, or will be spent before its window ends at its present rate. */
export function problemOfLimit(name: string, window: LimitWindowUse, nowMs: number): Problem | null {
  const { window_type, request_count, max_requests, remaining_requests, replica_share: share } = window;
  const part = window.limit === undefined ? '' : ` (${window.limit})`;
  const base = { since: null, link: '/console/limits', service: name };
  const sums = `${request_count} / ${max_requests}`;
  if (share !== undefined) {
    if (remaining_requests > 0) return null;
    const [why, whyRu] = shareReasonWords[share.because];
    return {
      ...base,
      kind: `limit_share_spent_${window_type}`,
      severity: 'critical',
      message: `This replica’s share of the limit a ${window_type} of ${name}${part} is spent (${share.max_requests} of ${max_requests}), because ${why}`,
      message_ru: `Доля этой реплики в лимите ${name}${part} за ${windowsRu[window_type]} исчерпана (${share.max_requests} из ${max_requests}): ${whyRu}`,
    };
  }
  if (window.is_rate_limited || remaining_requests <= 0) {
    const until = clockTime(Date.parse(window.window_end));
    return {
      ...base,
      kind: `limit_spent_${window_type}`,
      severity: 'critical',
      message: `The limit a ${window_type} of ${name}${part} is spent (${sums}) until ${until} UTC`,
      message_ru: `Лимит ${name}${part} за ${windowsRu[window_type]} исчерпан (${sums}) до ${until} UTC`,
    };
  }
  const startedMs = Date.parse(window.window_start);
  const leftMs = (remaining_requests * (nowMs - startedMs)) / Math.max(1, request_count);
  if (request_count < max_requests * limitWarningShare || nowMs + leftMs >= Date.parse(window.window_end)) return null;
  const [left, leftRu] = spanWords(leftMs);
  return {
    ...base,
    kind: `limit_nearly_spent_${window_type}`,
    severity: 'warning',
    message: `${name}${part} will reach its limit a ${window_type} (${sums}) in ${left}`,
    message_ru: `${name}${part} достигнет лимита за ${windowsRu[window_type]} (${sums}) через ${leftRu}`,
  };
}
