/** Checks Redis: whether it answers in time, and whether it could evict counters. */
import { Cluster } from 'ioredis';
import { createClient, type RedisClient, refusesDatabase } from '../../storage/redis/redis-connection.ts';
import { type Finding, failed, ok, reasonOf, warning } from './finding.ts';

const connectDeadlineMs = 3_000;
/** The service counts Redis as away after three answers later than this. */
const serviceDeadlineMs = 50;
const pings = 5;
const maxClockSkewMs = 2_000;

export async function checkRedis(urls: readonly string[], now: () => number): Promise<readonly Finding[]> {
  const client = createClient(urls);
  client.on('error', () => {}); // The deadline below reports the error.
  try {
    await whenReady(client);
    return [await checkLatency(client), await checkEviction(client), await checkClock(client, now)];
  } catch (error) {
    const remedy = refusesDatabase(error)
      ? 'name a database in REDIS_URL that this Redis has: the number behind the last slash'
      : 'check REDIS_URL, and that Redis takes connections from here';
    return [failed('redis', reasonOf(error), remedy)];
  } finally {
    client.disconnect();
  }
}

async function whenReady(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let last: unknown;
    const timer = setTimeout(
      () =>
        reject(new Error(`no connection in ${connectDeadlineMs} ms`, last === undefined ? undefined : { cause: last })),
      connectDeadlineMs,
    );
    client.on('error', (error: unknown) => {
      last = error;
    });
    client.once('ready', () => {
      clearTimeout(timer);
      // Otherwise the next check would look at another database.
      if (refusesDatabase(last)) reject(last);
      else resolve();
    });
  });
}

async function checkLatency(client: RedisClient): Promise<Finding> {
  let slowestMs = 0;
  for (let count = 0; count < pings; count++) {
    const sentAtMs = performance.now();
    await client.ping();
    slowestMs = Math.max(slowestMs, performance.now() - sentAtMs);
  }
  const info = await client.info('server');
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version';
  const detail = `Redis ${version}${client instanceof Cluster ? ' (cluster)' : ''}, slowest of ${pings} pings ${slowestMs.toFixed(1)} ms`;
  return slowestMs <= serviceDeadlineMs
    ? ok('redis', detail)
    : failed('redis', detail, `the service gives it ${serviceDeadlineMs} ms: bring it nearer, or give it more CPU`);
}

/**
 * Limits are counters with a time to live. `allkeys-*` would evict them like any cached answer, and a quota would be
 * spent again; `volatile-*` may too, but evicts the cache's far larger entries first; `noeviction` refuses writes when
 * Redis is full.
 */
async function checkEviction(client: RedisClient): Promise<Finding> {
  const info = await client.info('memory');
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
  const maxBytes = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  if (policy === undefined) {
    return warning(
      'redis eviction',
      'the server does not tell its policy',
      'make sure that it is volatile-lru or noeviction',
    );
  }
  const shown = `${policy}, maxmemory ${maxBytes === 0 ? 'unlimited' : `${Math.round(maxBytes / 1_048_576)} MiB`}`;
  if (policy.startsWith('allkeys-') && maxBytes > 0) {
    return failed('redis eviction', `${shown}: counters of quotas may be evicted`, 'set maxmemory-policy volatile-lru');
  }
  if (policy.startsWith('allkeys-')) {
    return warning('redis eviction', shown, 'set maxmemory-policy volatile-lru before maxmemory is ever set');
  }
  if (maxBytes === 0)
    return warning('redis eviction', shown, 'set maxmemory, so that a full cache cannot take the machine');
  return policy === 'noeviction'
    ? warning(
        'redis eviction',
        `${shown}: when full, limits fall back to each replica’s share`,
        'set maxmemory-policy volatile-lru',
      )
    : ok('redis eviction', shown);
}

async function checkClock(client: RedisClient, now: () => number): Promise<Finding> {
  const askedAtMs = now();
  const [seconds = 0, micros = 0] = (await client.time()).map(Number);
  const skewMs = Math.round(seconds * 1000 + micros / 1000 - (askedAtMs + now()) / 2);
  return Math.abs(skewMs) <= maxClockSkewMs
    ? ok('redis clock', `${Math.abs(skewMs)} ms from ours`)
    : warning('redis clock', `${Math.abs(skewMs)} ms from ours`, 'run NTP on both machines');
}
