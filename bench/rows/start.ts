/**
 * The bundle as the image runs it, on migrated stores: from spawn to ready beside an empty Node, and its memory at
 * rest.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { cpuMicrosOf, residentBytesOf } from '../load/cpu-time.ts';
import { takesConnections } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, median } from '../rounds.ts';
import { environmentAt, findServicePlace, type ServicePlace } from '../service-process.ts';

const root = join(import.meta.dirname, '../..');
/** Starts are short and vary, so there are more of them than of other rounds. */
const startsPerRound = 5;
const readyDeadlineMs = 60_000;
/** From ready to the memory check: by then connections are open, and each timer has run once. */
const restMs = 20_000;
/** A check is a refused connection: cheap. */
const lookEveryMs = 3;
// Random, because production refuses the secrets of examples.
const jwtSecret = randomBytes(32).toString('hex');
const encryptionKeys = `bench:${randomBytes(32).toString('base64')}`;
const mebibyte = 1024 ** 2;

export async function benchStart(t: Cleanup, { rounds, isQuick }: Effort): Promise<BenchRow[]> {
  const bundle = join(await createDataDir(t), 'dist');
  execFileSync(process.execPath, ['scripts/build.ts', bundle], { cwd: root, stdio: 'ignore' });
  const place = await findServicePlace(t);
  // The first start migrates and compiles; the next ones find both done, like a replica that is replaced.
  await startOnce(bundle, place, null);
  const ready: Started[] = [];
  const emptyMs: number[] = [];
  for (let start = 0; start < startsPerRound * rounds; start += 1) {
    emptyMs.push(await timeEmptyNode());
    ready.push(await startOnce(bundle, place, null));
  }
  const atRest = await startOnce(bundle, place, isQuick ? restMs / 4 : restMs);
  const readyMs = median(ready.map(({ tookMs }) => tookMs));
  const emptyMsMedian = median(emptyMs);
  const figures = {
    readyMs,
    readyMsMin: Math.min(...ready.map(({ tookMs }) => tookMs)),
    emptyMs: emptyMsMedian,
    cpuMs: median(ready.map(({ cpuMs }) => cpuMs)),
    starts: ready.length,
  };
  return [
    {
      ...{ path: 'spawn to ready, bundle, migrated stores', against: 'compiled code of an earlier start', figures },
      ...{ ratio: readyMs, unit: 'ms', aim: { atMost: 300 } },
    },
    {
      ...{ path: 'spawn to ready', against: 'an empty Node process, spawn to end', figures: {} },
      ...{ ratio: readyMs / emptyMsMedian, unit: '×', aim: { atMost: 11 } },
    },
    {
      ...{ path: 'memory at rest', against: `the image's command, resident after ${isQuick ? 5 : 20} s`, figures: {} },
      ...{ ratio: atRest.residentBytes / mebibyte, unit: 'MiB', aim: { atMost: 110 } },
    },
  ];
}

interface Started {
  readonly tookMs: number;
  /** User and system time of the process until it was ready. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Starts it, waits `thenMs` more (null: no wait), measures it, and stops it. Throws if it is not ready in a minute. */
async function startOnce(bundle: string, place: ServicePlace, thenMs: number | null): Promise<Started> {
  const port = await findFreePort();
  const [program = '', ...args] = imageCommand();
  const startedAtMs = performance.now();
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: bundle,
    env: {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      ...environmentAt(place, port),
      NODE_COMPILE_CACHE: join(place.dataDir, 'compile-cache'),
      JWT_SECRET: jwtSecret,
      ENCRYPTION_KEYS: encryptionKeys,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    await untilReady(child, port);
    const tookMs = performance.now() - startedAtMs;
    const cpuMs = cpuMsOf(child.pid as number);
    if (thenMs !== null) await delay(thenMs);
    return { tookMs, cpuMs, residentBytes: residentBytesOf([child.pid as number]) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** The last `CMD` of the Dockerfile. */
function imageCommand(): readonly string[] {
  const recipe = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  return JSON.parse(/^CMD (\[.*\])$/m.exec(recipe)?.[1] ?? '[]') as string[];
}

/** Whether its `/health` answers 200. */
async function untilReady(child: ChildProcess, port: number): Promise<void> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready:\n${said}`)));
  const limit = setTimeout(() => reject(new Error(`it was not ready in time:\n${said}`)), readyDeadlineMs);
  try {
    while (!(await Promise.race([takesConnections(port), ended]))) await delay(lookEveryMs);
    await Promise.race([untilHealthy(port), ended]);
  } finally {
    clearTimeout(limit);
  }
}

async function untilHealthy(port: number): Promise<void> {
  while ((await fetch(`http://127.0.0.1:${port}/health`)).status !== 200) await delay(lookEveryMs);
}

async function timeEmptyNode(): Promise<number> {
  const startedAtMs = performance.now();
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit');
  return performance.now() - startedAtMs;
}

function cpuMsOf(pid: number): number {
  return (cpuMicrosOf([pid]) ?? Number.NaN) / 1_000;
}
