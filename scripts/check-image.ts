/**
 * `npm run check:image`, as root on Debian: builds deploy/Dockerfile with buildah and runs the image like compose, on
 * real PostgreSQL, Redis and RabbitMQ: the image's user, a read-only root, no capability. It must answer `/health`,
 * pass the image's own health check, report its version, geocode, stay within its memory limit at rest, write nowhere
 * else, and end cleanly on SIGTERM. Prints each step; exits with 1 at the first failure. Takes some minutes, and leaves
 * nothing behind.
 *
 * The base image is a bare Debian (debootstrap) with the pinned Node.js, under the name that the Dockerfile uses.
 * `CHECK_IMAGE_DEBIAN=FOLDER` keeps the bare Debian for the next run. It uses this machine's apt mirror and npm
 * registry.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ImageToolsMissing, openImageEngine, requireImageTools } from './image-engine.ts';
import { type ImageProcesses, openImageProcesses } from './image-process.ts';
import { ensureTestServices, ServicesMissing } from './test-services.ts';

const port = '18006';
const url = `http://127.0.0.1:${port}`;
const tenant = 'uk_company_1';
const readyDeadlineMs = 60_000;
const stopDeadlineMs = 20_000;
/** From ready to the memory check: by then connections are open, and each timer has run once. */
const restMs = 20_000;
const restMiBLimit = 110;

try {
  requireImageTools();
  await checkImage();
} catch (error) {
  if (!(error instanceof ImageToolsMissing || error instanceof ServicesMissing)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function checkImage(): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'integration-service-image-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const engine = openImageEngine(join(folder, 'engine'));
  opened.defer(() => engine.close());

  const base = await step('base image', () =>
    engine.makeBase(process.env.CHECK_IMAGE_DEBIAN ?? join(folder, 'debian')),
  );
  console.log(`  ${base}, from debootstrap and the pinned Node.js`);
  const config = await step('build of deploy/Dockerfile', () => engine.build());
  console.log(`  user ${config.User}, command ${config.Cmd.join(' ')}, volumes ${Object.keys(config.Volumes)}`);

  const volumes = join(folder, 'volumes');
  await mkdir(volumes);
  const image = { folder: engine.mount(), volumes, config };
  await runImage(openImageProcesses(image, await openStores(opened)), config.Healthcheck.Test.slice(1), config.Cmd);
}

/** The variables of a production start, with the stores of this machine. */
async function openStores(opened: AsyncDisposableStack): Promise<Record<string, string>> {
  const services = await ensureTestServices((line) => console.log(`  ${line}`));
  opened.defer(() => services.close());
  Object.assign(process.env, services.env);
  // These modules read the servers' addresses when they are imported.
  const { startEmptyDatabase } = await import('../test/support/database.ts');
  const { redisUrl } = await import('../test/support/redis.ts');
  const { rabbitmqUrl } = await import('../test/support/broker.ts');
  const closers: (() => unknown)[] = [];
  opened.defer(async () => {
    for (const close of closers.reverse()) await close();
  });
  return {
    PORT: port,
    DATABASE_URL: await startEmptyDatabase({ after: (close) => void closers.push(close as () => unknown) }),
    REDIS_URL: new URL('/8', redisUrl).href,
    RABBITMQ_URL: rabbitmqUrl,
    MANAGEMENT_COMPANY_ID: tenant,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    JWT_SECRET: randomBytes(32).toString('hex'),
    EMULATOR: 'off',
    LOG_LEVEL: 'WARN',
  };
}

async function runImage(inside: ImageProcesses, healthCheck: readonly string[], command: readonly string[]) {
  const main = inside.start(command);
  main.stdout?.pipe(process.stdout);
  const exited = once(main, 'exit');
  try {
    await step('start, until /health answers 200', () => untilHealthy(main));
    await step('version', checkVersion);
    await step('the image’s own health check', () => inside.run(healthCheck));
    checkStackTraces(main.pid as number);
    await delay(restMs);
    checkMemory(main.pid as number);
    await step('a geocode with a token made by its cli', () => geocode(inside));
    console.log(`  memory after it: ${residentMiB(main.pid as number)} MiB`);
    for (const place of ['/app/main.mjs', '/app/new', '/etc/new']) {
      await step(`writing to ${place} is refused`, () => inside.run(['sh', '-c', `echo >> ${place}`], 2));
    }
    await step('SIGTERM ends it with 0', () => stop(main, exited));
  } finally {
    main.kill('SIGKILL');
  }
}

/** Prints how long `work` took. */
async function step<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const result = await work();
  console.log(`ok  ${what} (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s)`);
  return result;
}

async function untilHealthy(main: ChildProcess): Promise<void> {
  const givenUpAtMs = performance.now() + readyDeadlineMs;
  for (;;) {
    const reply = await fetch(`${url}/health`).catch(() => null);
    if (reply?.status === 200) return;
    if (main.exitCode !== null) throw new Error(`it ended with ${main.exitCode} before it was ready`);
    if (performance.now() > givenUpAtMs) throw new Error(`not healthy: ${reply?.status} ${await reply?.text()}`);
    await delay(50);
  }
}

async function checkVersion(): Promise<void> {
  const { version } = (await (await fetch(`${url}/health`)).json()) as { version: string };
  const expected = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).version;
  if (version !== expected) throw new Error(`/health reports version ${version}, package.json has ${expected}`);
  console.log(`  ${version}`);
}

/** Source maps cost 140 MiB: they must be neither requested at the start nor opened. */
function checkStackTraces(pid: number): void {
  const asked = ['cmdline', 'environ'].some((name) =>
    readFileSync(`/proc/${pid}/${name}`, 'utf8').includes('enable-source-maps'),
  );
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const mapped = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const maps = [...open, ...mapped].filter((path) => path.endsWith('.mjs.map'));
  if (asked || maps.length > 0) throw new Error(`the process reads source maps: ${maps.join(', ')}`);
  console.log('ok  no source maps in the process');
}

function checkMemory(pid: number): void {
  const resident = residentMiB(pid);
  if (resident > restMiBLimit) throw new Error(`${resident} MiB at rest, over ${restMiBLimit} MiB`);
  console.log(`ok  memory at rest: ${resident} MiB (limit ${restMiBLimit})`);
}

function residentMiB(pid: number): number {
  const kiB = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return Math.round(kiB / 1024);
}

async function geocode(inside: ImageProcesses): Promise<void> {
  const token = await inside.run(['node', 'cli.mjs', 'token', 'create', '--name', 'check', '--tenant', tenant]);
  const reply = await fetch(`${url}/api/v1/geocoding/geocode`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ address: 'Ташкент' }),
  });
  const said = await reply.text();
  if (reply.status !== 200) throw new Error(`geocode: ${reply.status} ${said}`);
  console.log(`  ${said.slice(0, 160)}`);
}

async function stop(main: ChildProcess, exited: Promise<unknown[]>): Promise<void> {
  main.kill('SIGTERM');
  const [code, signal] = await Promise.race([exited, delay(stopDeadlineMs, ['nothing in time'], { ref: false })]);
  if (code !== 0) throw new Error(`SIGTERM: it ended with ${code ?? signal}`);
}
