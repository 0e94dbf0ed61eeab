import { hash, randomUUID } from 'node:crypto';

export const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Databases that no test uses by number. */
const databases = [1, 2, 3, 4, 5, 7, 9, 15] as const;

/**
 * A Redis database for the services over one PostgreSQL database, so that services of other tests do not count as their
 * replicas: on a busy machine, where Redis misses a deadline, each would get only a part of every limit.
 */
export function redisUrlBeside(databaseUrl: string): string {
  const place = hash('sha256', new URL(databaseUrl).pathname, 'buffer').readUInt32BE(0) % databases.length;
  return new URL(`/${databases[place]}`, redisUrl).href;
}

/** Test files share one Redis and never flush it: each uses keys with its own prefix. */
export function uniquePrefix(): string {
  return `test-${randomUUID().slice(0, 8)}:`;
}

/** For stores whose answers a test relies on: on a busy machine Redis may miss the deadline of 50 ms. */
export const busyMachineDeadlineMs = 500;
