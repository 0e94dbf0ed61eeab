/** How vendors refuse a question, as far as the HTTP status tells. */
import type { ProviderReply } from '../outbound/exchange.ts';
import type { Verdict } from './provider.ts';
import { retryAfterMs } from './reading.ts';

export type Refusal = Exclude<Verdict<never>, { kind: 'ok' }>;

/**
 * `status` and `message` may come from the body. `badInput`: the statuses by which the vendor refuses the caller's own
 * input. null for 200: the reply is a result.
 */
export function judgeStatus(
  reply: Pick<ProviderReply, 'headers'>,
  { status, message, badInput }: { status: number; message: string; badInput: readonly number[] },
): Refusal | null {
  if (status === 200) return null;
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(reply), message };
  // An exhausted quota may look the same as a wrong key.
  if (status === 401 || status === 403) return { kind: 'denied', message };
  if (badInput.includes(status)) return { kind: 'bad_input', status: 400, message };
  if (status >= 500 || status === 408) return failed(message);
  // A redirect, a 404 and the like: the base URL is wrong, so a retry would fail too.
  return { kind: 'failed', retryable: false, message };
}

export function failed(message: string): Extract<Refusal, { kind: 'failed' }> {
  return { kind: 'failed', retryable: true, message };
}
