/** The service as it runs in production: real PostgreSQL, Redis and RabbitMQ, its log on, every feature on. */
import { randomUUID } from 'node:crypto';
import { rabbitmqUrl } from '../test/support/broker.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import { createDataDir } from '../test/support/data-dir.ts';
import { startTestDatabase, type TestDatabase } from '../test/support/database.ts';
import { redisUrl } from '../test/support/redis.ts';
import { token } from './peers/cached-answer.ts';
import { type ServerProcess, startServerProcess } from './processes.ts';

export interface ServiceProcess extends ServerProcess {
  /** Of this process alone: what an earlier benchmark left in Redis is no answer here. */
  readonly tenant: string;
  readonly database: TestDatabase;
}

/** A database of Redis of the benchmark's own. */
export const benchRedisUrl = new URL('/8', redisUrl).href;
const unreached = 1_000_000;

/** Its only provider that is asked is Google, at `upstreamPort`, with a limit in each of the four windows. */
export async function startServiceProcess(t: Cleanup, upstreamPort: number): Promise<ServiceProcess> {
  const database = await startTestDatabase(t);
  const dataDir = await createDataDir(t);
  const tenant = `bench_${randomUUID().slice(0, 18)}`;
  const service = await startServerProcess({
    args: () => ['src/main.ts'],
    env: (port) => ({
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      REDIS_URL: benchRedisUrl,
      RABBITMQ_URL: rabbitmqUrl,
      EMULATOR: 'off',
      GOOGLE_MAPS_API_KEY: 'bench-key',
      GOOGLE_MAPS_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
      OUTBOUND_ALLOWED_NETWORKS: `127.0.0.1:${upstreamPort}`,
      MANAGEMENT_COMPANY_ID: tenant,
      SERVICE_TOKENS: `bench:${token}`,
      RATE_LIMIT_GEOCODING_PER_MINUTE: String(unreached),
    }),
  });
  t.after(() => service.close());
  await database.db.querySystem({
    text: `
      update external_services
         set rate_limit_per_minute = $2, rate_limit_per_hour = $3, rate_limit_per_day = $3, rate_limit_per_month = $3,
             updated_at = now()
       where management_company_id = $1 and service_name = 'google_maps'`,
    values: [tenant, unreached, 1_000 * unreached],
  });
  return { ...service, tenant, database };
}
