/** Runs servers and the load generator as separate processes, on separate cores if the system can do that. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '../src/storage/embedded/free-port.ts';
import { childrenOf } from './load/cpu-time.ts';
import type { Download, DownloadPlan } from './load/download-plan.ts';
import type { LoadPlan, LoadResult } from './load/plan.ts';

const root = join(import.meta.dirname, '..');
/** Long enough for a busy machine, too. */
const startDeadlineMs = 120_000;
const endDeadlineMs = 15_000;
const longestDownloadMs = 120_000;
const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;
/** The measured server has core 0, shared only with the load and the peers' stores. */
const serverCore = 0;
const loadCore = 1;

export interface ServerProcess {
  readonly pids: readonly number[];
  readonly port: number;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Arguments of Node, or of `program`, for the port to listen on. */
  args(port: number): readonly string[];
  /** Default: this Node. */
  readonly program?: string;
  env?(port: number): Readonly<Record<string, string>>;
  /** Runs before the start. */
  prepare?(port: number): Promise<void>;
  /** Working folder. Default: this checkout. */
  readonly folder?: string | undefined;
  /** Default: the core of the measured server. */
  readonly core?: 'server' | 'load';
}

/**
 * Resolves when it accepts connections. Its output is dropped; its error output, which has the log, goes through a
 * pipe.
 */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const port = await findFreePort();
  await options.prepare?.(port);
  const child = spawnPinned(options.program ?? process.execPath, options.args(port), {
    core: options.core === 'load' ? loadCore : serverCore,
    folder: options.folder ?? root,
    env: options.env?.(port) ?? {},
    stdout: 'ignore',
  });
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaints.length < 4_000) complaints += chunk.toString();
  });
  const giveUpAtMs = performance.now() + startDeadlineMs;
  while (!(await takesConnections(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() > giveUpAtMs) {
      child.kill('SIGKILL');
      throw new Error(`${options.args(port).join(' ')} does not listen:\n${complaints}`);
    }
    await delay(50);
  }
  // nginx works in child processes.
  return { pids: [child.pid as number, ...childrenOf(child.pid as number)], port, close: () => end(child) };
}

export function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** One run of the load generator. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return runGenerator('load/main.ts', plan, plan.warmUpMs + plan.durationMs);
}

export function runDownload(plan: DownloadPlan): Promise<Download> {
  return runGenerator('load/download.ts', plan, longestDownloadMs);
}

/** Throws if it fails, or takes too long. */
async function runGenerator<Result>(file: string, plan: object, takesMs: number): Promise<Result> {
  const child = spawnPinned(process.execPath, [join(import.meta.dirname, file), JSON.stringify(plan)], {
    core: loadCore,
    folder: root,
    env: {},
    stdout: 'pipe',
  });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), takesMs + startDeadlineMs);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  if (code !== 0) throw new Error(`the load generator failed: ${err}`);
  return JSON.parse(out) as Result;
}

interface Spawned {
  readonly core: number;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: 'ignore' | 'pipe';
}

function spawnPinned(program: string, args: readonly string[], { core, folder, env, stdout }: Spawned): ChildProcess {
  const [first, ...rest] = canPin ? ['taskset', '-c', String(core), program, ...args] : [program, ...args];
  return spawn(first as string, rest, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', stdout, 'pipe'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), endDeadlineMs);
  await exited;
  clearTimeout(limit);
}
