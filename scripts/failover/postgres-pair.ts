/**
 * A PostgreSQL primary with one synchronous standby, on this machine, behind one address that is led to the other server
 * after a failover, as a virtual address or a proxy does it in a data centre.
 *
 * The programs are Debian's (`postgresql`): `pg_basebackup` is not among those that npm brings.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { type Cleanup, closeInReverse } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';

export interface PostgresPair {
  /** For `DATABASE_URL`: leads to the primary, whichever that is. */
  readonly url: string;
  /** Kills the primary with SIGKILL, promotes the standby, and leads the address to it. Resolves when it takes writes. */
  failOver(): Promise<void>;
}

const debianPrograms = '/usr/lib/postgresql';
const startDeadlineMs = 60_000;

/** Ended after `t`. Throws where Debian's programs are missing. */
export async function startPostgresPair(t: Cleanup): Promise<PostgresPair> {
  closeInReverse(t);
  const bin = await findPrograms();
  const owner = ownerOfServers();
  const folder = await createDataDir(t);
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const run = (program: string, args: readonly string[]): void =>
    void execFileSync(join(bin, program), args, { ...owner, cwd: folder, stdio: 'pipe' });

  const [primaryFolder, standbyFolder] = [join(folder, 'primary'), join(folder, 'standby')];
  run('initdb', [`--pgdata=${primaryFolder}`, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale']);
  const start = (data: string, settings: readonly string[]) => startServer(t, { bin, owner, data, settings });
  const primary = await start(primaryFolder, ['synchronous_standby_names=*', 'wal_level=replica']);
  run('pg_basebackup', [
    `--dbname=postgres://postgres@127.0.0.1:${primary.port}/postgres?application_name=standby`,
    `--pgdata=${standbyFolder}`,
    '--write-recovery-conf',
    '--checkpoint=fast',
  ]);
  const standby = await start(standbyFolder, ['hot_standby=on']);
  await waitFor(
    'the standby to be synchronous',
    async () => {
      const [row] = await ask(primary.port, 'select sync_state from pg_stat_replication');
      return row?.sync_state === 'sync';
    },
    startDeadlineMs,
  );

  const address = { host: '127.0.0.1', port: primary.port };
  const proxy = await startTcpProxy(t, address);
  return {
    url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
    async failOver() {
      await primary.kill();
      await ask(standby.port, 'select pg_promote(true, 60)');
      address.port = standby.port;
    },
  };
}

async function findPrograms(): Promise<string> {
  const versions = await readdir(debianPrograms).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error('there is no pg_basebackup: apt-get install postgresql');
  return join(debianPrograms, newest, 'bin');
}

/** PostgreSQL refuses to run as root. */
function ownerOfServers(): { uid: number; gid: number } | null {
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

async function startServer(
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

async function ask(port: number, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
