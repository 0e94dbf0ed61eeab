/** Redis's clock, by which quotas are counted: ours, and by how much Redis was ahead of it when it last answered. */
import type { Clock } from '../clock.ts';

export interface RedisClock {
  now(): number;
  aheadMs(): number;
  /** A time of Redis's clock by ours. */
  toOurs(redisMs: number): number;
  /** Redis has just said what time it is. */
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
