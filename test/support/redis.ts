import { randomUUID } from 'node:crypto';

export const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Test files share one Redis and never flush it: each keeps to keys that begin with its own prefix. */
export function uniquePrefix(): string {
  return `test-${randomUUID().slice(0, 8)}:`;
}

/** For stores whose answers a test counts on: a machine that is busy with other tests makes Redis look away at 50 ms. */
export const busyMachineDeadlineMs = 500;
