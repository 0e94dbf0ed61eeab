/**
 * Whoever tries credentials is slowed down: beyond so many wrong ones a minute from one address, the answer is 429. Right ones
 * from there still pass, because many callers may share an address.
 */
import { ServiceError } from '../../errors.ts';

export interface FailedCredentials {
  /** What is answered instead of this error. */
  judge(address: string, error: Error): Error;
}

const maxPerMinute = 100;
const windowMs = 60_000;
/** At the bound all are forgotten: their minute would end soon anyway. */
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
        retryAfterSeconds: Math.max(1, Math.ceil((windowEndsAtMs - nowMs) / 1000)),
      });
    },
  };
}
