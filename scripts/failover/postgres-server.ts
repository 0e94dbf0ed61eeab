/**
 * A PostgreSQL server on a folder of this machine, from Debian's programs: npm's packages lack `pg_basebackup` and
 * `pg_dump`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { waitFor } from '../../test/support/wait-for.ts';

const debianPrograms = '/usr/lib/postgresql';
const startDeadlineMs = 60_000;

/** The folder of Debian's programs. Throws if they are missing. */
export async function findPrograms(): Promise<string> {
  const versions = await readdir(debianPrograms).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error('pg_basebackup is missing: apt-get install postgresql (Debian)');
  return join(debianPrograms, newest, 'bin');
}

/** The user that runs PostgreSQL, which refuses to run as root; null if this process is not root. */
export function ownerOfServers(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

interface ServerPlan {
  readonly bin: string;
  readonly owner: { uid: number; gid: number } | null;
  readonly data: string;
  readonly settings: readonly string[];
}

/** Stopped after `t`, and its data removed. */
export async function startServer(
  t: Cleanup,
  { bin, owner, data, settings }: ServerPlan,
): Promise<{ port: number; kill(): Promise<void> }> {
  const port = await findFreePort();
  const all = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...all.flatMap((setting) => ['-c', setting])], {
    ...owner,
    cwd: data,
    stdio: 'ignore',
  });
  const kill = (): Promise<void> => endServer(server, 'SIGKILL');
  t.after(async () => {
    await endServer(server, 'SIGINT');
    await rm(data, { recursive: true, force: true });
  });
  await waitFor(
    'PostgreSQL to answer',
    async () => {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
      return (await ask(port, 'select 1').catch(() => null)) !== null;
    },
    startDeadlineMs,
  );
  return { port, kill };
}

async function endServer(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}

/** Queries the database `postgres` of the server. */
export async function ask(port: number, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
