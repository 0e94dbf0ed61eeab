/** The service as in production: real PostgreSQL, Redis and RabbitMQ, its log on, every feature on. */
import { randomUUID } from 'node:crypto';
import { rabbitmqUrl } from '../test/support/broker.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import { createDataDir } from '../test/support/data-dir.ts';
import {
  openTestDatabase,
  startEmptyDatabase,
  startTestDatabase,
  type TestDatabase,
} from '../test/support/database.ts';
import { redisUrl } from '../test/support/redis.ts';
import { jwtSecretOfTests, signAdminToken } from '../test/support/service.ts';
import { untilServed } from '../test/support/wait-for.ts';
import { token } from './peers/cached-answer.ts';
import { type ServerProcess, startServerProcess } from './processes.ts';
import type { Stage } from './stages.ts';

/** The environment of a service under test. */
export interface ServicePlace {
  readonly tenant: string;
  readonly database: TestDatabase;
  readonly dataDir: string;
}

/** A new database, folder and tenant. */
export async function findServicePlace(t: Cleanup): Promise<ServicePlace> {
  return { ...(await newPlace(t)), database: await startTestDatabase(t) };
}

async function newPlace(t: Cleanup): Promise<Omit<ServicePlace, 'database'>> {
  return { dataDir: await createDataDir(t), tenant: `bench_${randomUUID().slice(0, 18)}` };
}

/** The settings of every service under test, on the real stores. */
export function environmentAt({ tenant, database, dataDir }: ServicePlace, port: number): Record<string, string> {
  return {
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    REDIS_URL: benchRedisUrl,
    RABBITMQ_URL: rabbitmqUrl,
    EMULATOR: 'off',
    MANAGEMENT_COMPANY_ID: tenant,
  };
}

export interface ServiceProcess extends ServerProcess {
  /** Unique to this process: answers that an earlier benchmark left in Redis must not count. */
  readonly tenant: string;
  readonly database: TestDatabase;
  readonly upstreamPort: number;
}

/** A Redis database for benchmarks only. */
export const benchRedisUrl = new URL('/8', redisUrl).href;
const unreached = 1_000_000;
const createDeadlineMs = 60_000;

/** Google at `upstreamPort` is its only provider, with a limit in each of the four windows. */
export async function startServiceProcess(
  t: Cleanup,
  upstreamPort: number,
  without: readonly Stage[] = [],
): Promise<ServiceProcess> {
  return startLimited(t, await findServicePlace(t), upstreamPort, { without });
}

/** The same for another checkout, on a database that it migrates itself. */
export async function startServiceAt(t: Cleanup, folder: string, upstreamPort: number): Promise<ServiceProcess> {
  const database = openTestDatabase(t, await startEmptyDatabase(t));
  return startLimited(t, { ...(await newPlace(t)), database }, upstreamPort, { folder });
}

async function startLimited(
  t: Cleanup,
  place: ServicePlace,
  upstreamPort: number,
  variant: Variant,
): Promise<ServiceProcess> {
  const { tenant, database } = place;
  const service = await startAt(t, place, upstreamPort, variant);
  await database.db.querySystem({
    text: `
      update external_services
         set rate_limit_per_minute = $2, rate_limit_per_hour = $3, rate_limit_per_day = $3, rate_limit_per_month = $3,
             updated_at = now()
       where management_company_id = $1 and service_name = 'google_maps'`,
    values: [tenant, unreached, 1_000 * unreached],
  });
  return { ...service, tenant, database, upstreamPort };
}

/** Another replica on the same stores. */
export async function startReplicaOf(
  t: Cleanup,
  { tenant, database, upstreamPort }: ServiceProcess,
): Promise<ServerProcess> {
  return startAt(t, { tenant, database, dataDir: await createDataDir(t) }, upstreamPort, {});
}

interface Variant {
  /** Stages to switch off. Default: none. */
  readonly without?: readonly Stage[];
  /** Another checkout than this one. */
  readonly folder?: string;
}

async function startAt(
  t: Cleanup,
  place: ServicePlace,
  upstreamPort: number,
  { without = [], folder }: Variant,
): Promise<ServerProcess> {
  const service = await startServerProcess({
    folder,
    args: () => (without.length === 0 ? ['src/main.ts'] : ['--import', './bench/switch-off.ts', 'src/main.ts']),
    env: (port) => ({
      ...environmentAt(place, port),
      ...(without.length === 0 ? {} : { BENCH_WITHOUT: without.join() }),
      GOOGLE_MAPS_API_KEY: 'bench-key',
      GOOGLE_MAPS_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
      OUTBOUND_ALLOWED_NETWORKS: `127.0.0.1:${upstreamPort}`,
      SERVICE_TOKENS: `bench:${token}`,
      RATE_LIMIT_GEOCODING_PER_MINUTE: String(unreached),
      RATE_LIMIT_WEBHOOKS_PER_MINUTE: String(unreached),
      JWT_SECRET: jwtSecretOfTests,
      ENCRYPTION_KEYS: `bench:${Buffer.alloc(32, 'bench').toString('base64')}`,
    }),
  });
  t.after(() => service.close());
  return service;
}

/** Registers an API behind the proxy, as an administrator does. */
export async function addProxiedService(
  server: ServiceProcess,
  service: { readonly service_name: string; readonly base_url: string },
): Promise<void> {
  await create(server, 'services', {
    ...{ service_type: 'api', display_name: service.service_name, config: {} },
    ...service,
  });
}

/** Registers a webhook without a signature; returns the path for its deliveries. */
export async function addUnsignedWebhook(server: ServiceProcess): Promise<string> {
  const created = await create(server, 'webhooks', { webhook_name: 'bench', signature_scheme: 'none' });
  return new URL((created as { webhook_url: string }).webhook_url).pathname;
}

async function create(server: ServiceProcess, collection: string, body: object): Promise<unknown> {
  const reply = await untilServed(
    `the service to take a row of ${collection}`,
    () => postAsAdmin(server, collection, body),
    createDeadlineMs,
  );
  if (reply.status !== 201) throw new Error(await reply.text());
  return reply.json();
}

async function postAsAdmin({ port, tenant }: ServiceProcess, collection: string, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/api/v1/${collection}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
}
