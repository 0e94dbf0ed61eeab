/**
 * Slows down credential guessing: after too many wrong credentials in a minute from one address, the answer is 429.
 * Valid credentials from that address still pass, because many callers may share it.
 */
import { ServiceError } from '../../errors.ts';

export interface FailedCredentials {
  /** The error to answer with instead of this one. */
  judge(address: string, error: Error): Error;
}

const maxPerMinute = 100;
const windowMs = 60_000;
/** At the bound all counts are dropped; their minute would end soon anyway. */
const maxAddresses = 50_000;

export function createFailedCredentials(now: () => number = () => performance.now()): FailedCredentials {
  let countByAddress = new Map<string, number>();
  let windowEndsAtMs = 0;
  return {
    judge(address, error) {
      if (!(error instanceof ServiceError) || error.code !== 'UNAUTHORIZED') return error;
      const nowMs = now();
      if (nowMs >= windowEndsAtMs || countByAddress.size >= maxAddresses) {
        countByAddress = new Map();
        windowEndsAtMs = nowMs + windowMs;
      }
      const count = (countByAddress.get(address) ?? 0) + 1;
      countByAddress.set(address, count);
      if (count <= maxPerMinute) return error;
      return new ServiceError('RATE_LIMIT_EXCEEDED', 'Too many wrong credentials came from this address.', {
        publicMessageRu: 'С этого адреса пришло слишком много неверных токенов.',
        retryAfterSeconds: Math.max(1, Math.ceil((windowEndsAtMs - nowMs) / 1000)),
      });
    },
  };
}
