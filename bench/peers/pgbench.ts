/**
 * PostgreSQL's own load generator, with its own server: the standard one accepts a hundred clients. That server has
 * PostgreSQL's default settings, including flushes to the disk.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { waitFor } from '../../test/support/wait-for.ts';

export interface PgbenchFigures {
  readonly transactionsPerSecond: number;
  readonly latencyMsMean: number;
}

export interface PgbenchServer {
  /** An empty database, not migrated. */
  readonly databaseUrl: string;
  /** Repeats one prepared statement with this many concurrent clients. */
  run(statement: string, clients: number, durationMs: number): Promise<PgbenchFigures>;
}

const maxClients = 200;
const startDeadlineMs = 30_000;
const runFile = promisify(execFile);

/** null if the machine has no PostgreSQL with its pgbench. Stopped after `t`. */
export async function startPgbenchServer(t: Cleanup): Promise<PgbenchServer | null> {
  const programs = findPrograms();
  const account = programs === null ? null : findAccount();
  if (programs === null || account === null) return null;
  const folder = await createDataDir(t);
  await chown(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  await runFile(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8'], account);

  const port = await findFreePort();
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: maxClients };
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...account, stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  t.after(async () => {
    server.kill('SIGINT'); // The fast shutdown, which does not wait for clients.
    await exited;
  });
  const databaseUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await waitFor('PostgreSQL to take connections', () => answers(databaseUrl), startDeadlineMs);

  return {
    databaseUrl,
    async run(statement, clients, durationMs) {
      const script = join(folder, 'statement.sql');
      await writeFile(script, statement);
      const seconds = Math.max(1, Math.round(durationMs / 1_000));
      const { stdout } = await runFile(join(programs, 'pgbench'), [
        ...['--no-vacuum', '--protocol=prepared', '--file', script, '--time', String(seconds)],
        ...['--client', String(clients), '--jobs', String(availableParallelism()), databaseUrl],
      ]);
      return {
        transactionsPerSecond: figure(stdout, /tps = ([\d.]+)/),
        latencyMsMean: figure(stdout, /average = ([\d.]+)/),
      };
    },
  };
}

/** Debian keeps them outside the path, by version; elsewhere they are beside the path's pgbench. */
function findPrograms(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
  const needed = ['pgbench', 'initdb', 'postgres'];
  return folders.find((folder) => needed.every((program) => existsSync(join(folder, program)))) ?? null;
}

/** PostgreSQL does not run as root: then it runs as `postgres`, or not at all. */
function findAccount(): { readonly uid: number; readonly gid: number } | null {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined) return null;
  if (uid !== 0) return { uid, gid };
  const ids = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout));
  const [postgresUid = 0, postgresGid = 0] = ids;
  return postgresUid > 0 ? { uid: postgresUid, gid: postgresGid } : null;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false; // Not ready yet.
  } finally {
    await client.end().catch(() => {});
  }
}

function figure(report: string, pattern: RegExp): number {
  const found = pattern.exec(report)?.[1];
  if (found === undefined) throw new Error(`unexpected report of pgbench:\n${report}`);
  return Number(found);
}
