/** Redis's clock, by which quotas are counted: this process's clock plus the difference at Redis's last answer. */
import type { Clock } from '../clock.ts';

export interface RedisClock {
  now(): number;
  /** By how much Redis's clock is ahead of this process's. */
  aheadMs(): number;
  /** Converts a time of Redis's clock to this process's clock. */
  toOurs(redisMs: number): number;
  /** Updates the difference from the time that Redis just reported. */
  set(nowMs: number): void;
}

/** Creates the clock with no difference. */
export function createRedisClock(clock: Clock): RedisClock {
  let aheadMs = 0;
  return {
    now: () => clock.now() + aheadMs,
    aheadMs: () => aheadMs,
    toOurs: (redisMs) => redisMs - aheadMs,
    set(nowMs) {
      aheadMs = nowMs - clock.now();
    },
  };
}
