/**
 * Provides real PostgreSQL, Redis and RabbitMQ for the tests.
 *
 * Each comes from the first of: the URL in its variable, its standard port on this machine, a server started here on a
 * free port with its data in a temporary folder. `npm test` asks for a PostgreSQL in memory instead of the one at the
 * standard port. PostgreSQL's programs come with the npm packages; the other two are installed if possible (Debian or
 * Ubuntu, as root), or the user gets instructions.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import pino from 'pino';
import { Connection } from 'rabbitmq-client';
import { openEmbeddedPostgres } from '../src/storage/embedded/embedded-postgres.ts';
import { findFreePort } from '../src/storage/embedded/free-port.ts';
import { openMemoryPostgres } from './memory-postgres.ts';

export interface TestServices {
  /** For the test processes: `TEST_DATABASE_URL`, `TEST_REDIS_URL`, `TEST_RABBITMQ_URL`. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The machine lacks something that cannot be installed from here; the message contains instructions. */
export class ServicesMissing extends Error {}

const standardUrls = {
  TEST_DATABASE_URL: 'postgres://postgres:trust@127.0.0.1:5432/postgres',
  TEST_REDIS_URL: 'redis://127.0.0.1:6379',
  TEST_RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672',
} as const;
type ServiceVariable = keyof typeof standardUrls;

/** The migrations need PostgreSQL 15, and the tests create databases and roles. */
const oldestPostgres = 150_000;
const answerDeadlineMs = 3_000;
/** RabbitMQ's first start on a small busy machine took half a minute. */
const startDeadlineMs = 120_000;
const installDeadlineMs = 600_000;

const probes: Readonly<Record<ServiceVariable, (url: string) => Promise<void>>> = {
  TEST_DATABASE_URL: probePostgres,
  TEST_REDIS_URL: probeRedis,
  TEST_RABBITMQ_URL: probeRabbitmq,
};

export interface TestServicesOptions {
  /** PostgreSQL in memory, if `TEST_DATABASE_URL` is not set and the machine has room. */
  readonly databasesInMemory?: boolean;
}

/** Throws `ServicesMissing`, or the output of a server that failed to start. */
export async function ensureTestServices(
  log: (line: string) => void,
  { databasesInMemory = false }: TestServicesOptions = {},
): Promise<TestServices> {
  await using opened = new AsyncDisposableStack();
  const env: Record<string, string> = {};
  const inMemory = databasesInMemory && process.env.TEST_DATABASE_URL === undefined;
  const memoryUrl = inMemory ? await openMemoryPostgres(probePostgres, opened) : null;
  if (memoryUrl !== null) env.TEST_DATABASE_URL = memoryUrl;
  const missing: ServiceVariable[] = [];
  for (const variable of Object.keys(standardUrls) as ServiceVariable[]) {
    if (variable in env) continue;
    const url = await findRunning(variable);
    if (url === null) missing.push(variable);
    else env[variable] = url;
  }
  if (missing.length > 0) {
    installPrograms(missing, log);
    const folder = await mkdtemp(join(tmpdir(), 'integration-service-test-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755); // If we are root, the database runs as another user.
    for (const variable of missing) {
      log(`starting a server for ${variable}`);
      env[variable] = await starters[variable](folder, opened);
    }
  }
  const running = opened.move();
  return { env, close: () => running.disposeAsync() };
}

/** A URL set by the user must answer; the standard one need not. */
async function findRunning(variable: ServiceVariable): Promise<string | null> {
  const given = process.env[variable];
  try {
    await probes[variable](given ?? standardUrls[variable]);
    return given ?? standardUrls[variable];
  } catch (cause) {
    if (given === undefined) return null;
    throw new ServicesMissing(`${variable} is set, but the server there cannot be used: ${(cause as Error).message}`);
  }
}

const starters: Readonly<Record<ServiceVariable, (folder: string, opened: AsyncDisposableStack) => Promise<string>>> = {
  async TEST_DATABASE_URL(folder, opened) {
    const embedded = await openEmbeddedPostgres(join(folder, 'database'), pino({ level: 'silent' }));
    opened.defer(() => embedded.close());
    const url = new URL(embedded.url);
    url.pathname = '/postgres';
    return url.href;
  },

  async TEST_REDIS_URL(folder, opened) {
    const port = await findFreePort();
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const url = `redis://127.0.0.1:${port}`;
    await startServer('redis-server', args, {}, () => probeRedis(url), opened);
    return url;
  },

  async TEST_RABBITMQ_URL(folder, opened) {
    const [port, distributionPort] = [await findFreePort(), await findFreePort()];
    const home = join(folder, 'rabbitmq');
    await mkdir(home);
    const env = {
      // A separate cookie, so that no rights to the system's cookie are needed.
      HOME: home,
      RABBITMQ_NODENAME: `integration-service-test-${process.pid}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: join(home, 'data'),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
      RABBITMQ_CONF_ENV_FILE: join(home, 'none'),
      RABBITMQ_CONFIG_FILE: join(home, 'none'),
    };
    const url = `amqp://guest:guest@127.0.0.1:${port}`;
    // Debian's program in the path switches to the user rabbitmq, who may not write here; this one does not.
    const [program = 'rabbitmq-server'] = rabbitmqPrograms.filter(existsSync);
    await startServer(program, [], env, () => probeRabbitmq(url), opened);
    return url;
  },
};

const rabbitmqPrograms = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/opt/homebrew/sbin/rabbitmq-server'];

async function startServer(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  probe: () => Promise<void>,
  opened: AsyncDisposableStack,
): Promise<void> {
  // A process group of its own, so that Erlang's helper processes end with it.
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  opened.defer(() => endGroup(child));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
  }
  child.on('error', (error) => {
    said += error.message;
  });
  const deadlineAtMs = performance.now() + startDeadlineMs;
  for (;;) {
    try {
      return await probe();
    } catch (cause) {
      const ended = child.exitCode !== null || child.pid === undefined;
      if (ended || performance.now() > deadlineAtMs) throw new Error(`${program} did not start:\n${said}`, { cause });
      await delay(100);
    }
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 20_000);
  await ended;
  clearTimeout(timer);
}

/** Debian's packages of the programs that npm does not provide. */
const packages: Partial<Record<ServiceVariable, { debian: string; brew: string; program: string }>> = {
  TEST_REDIS_URL: { debian: 'redis-server', brew: 'redis', program: 'redis-server' },
  TEST_RABBITMQ_URL: { debian: 'rabbitmq-server', brew: 'rabbitmq', program: 'rabbitmq-server' },
};

function installPrograms(missing: readonly ServiceVariable[], log: (line: string) => void): void {
  const needed = missing
    .map((variable) => packages[variable])
    .filter((entry) => entry !== undefined)
    .filter(
      ({ program }) =>
        !isInPath(program) && !rabbitmqPrograms.some((path) => path.endsWith(program) && existsSync(path)),
    );
  if (needed.length === 0) return;

  const debian = needed.map((entry) => entry.debian);
  const how = isInPath('apt-get')
    ? `run as root: apt-get update && apt-get install -y ${debian.join(' ')}`
    : `install them (macOS: brew install ${needed.map(({ brew }) => brew).join(' ')})`;
  const urls = missing.join(', ');
  const help = `the tests need ${debian.join(' and ')}: ${how}, or set ${urls} to running servers`;
  if (!isInPath('apt-get') || process.getuid?.() !== 0) throw new ServicesMissing(help);

  log(`installing ${debian.join(', ')}`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...debian]]) {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: installDeadlineMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) throw new ServicesMissing(`apt-get ${args[0]} failed; ${help}`);
  }
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));
}

async function probePostgres(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: answerDeadlineMs,
    query_timeout: answerDeadlineMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; may_create: boolean }>(
      `select current_setting('server_version_num')::int as version, rolsuper or (rolcreatedb and rolcreaterole) as may_create
         from pg_roles where rolname = current_user`,
    );
    if ((rows[0]?.version ?? 0) < oldestPostgres) throw new Error('PostgreSQL 15 or newer is needed');
    if (rows[0]?.may_create !== true) throw new Error('the login must be allowed to create databases and roles');
  } finally {
    await client.end();
  }
}

async function probeRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: answerDeadlineMs,
    commandTimeout: answerDeadlineMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}

/** Throws if no broker answers there. */
export async function probeRabbitmq(url: string): Promise<void> {
  const connection = new Connection({ url, acquireTimeout: answerDeadlineMs, connectionTimeout: answerDeadlineMs });
  connection.on('error', () => {});
  try {
    const channel = await connection.acquire();
    await channel.close();
    await connection.close();
  } finally {
    connection.unsafeDestroy();
  }
}
