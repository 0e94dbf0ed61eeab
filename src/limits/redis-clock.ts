/** Redis's clock, which quotas are counted by: this process's clock plus the difference at Redis's last answer. */
import type { Clock } from '../clock.ts';

export interface RedisClock {
  now(): number;
  aheadMs(): number;
  /** Converts a time of Redis's clock to this process's clock. */
  toOurs(redisMs: number): number;
  /** Notes the time that Redis has just reported. */
  set(nowMs: number): void;
}

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
