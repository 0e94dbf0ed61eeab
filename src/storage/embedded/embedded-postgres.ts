/**
 * A real PostgreSQL 18 in its own process, under the data folder, used where DATABASE_URL is not set.
 *
 * It listens on a free port of the loopback interface only, with a password; there is no unix socket, whose path may be
 * no longer than some hundred bytes. fsync is on. It survives us where we are killed: the next start stops the one left
 * behind, which loses nothing, and starts another.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../logger.ts';
import { probeDatabase } from '../postgres/probe-database.ts';
import { lockFolder } from './folder-lock.ts';
import { findFreePort } from './free-port.ts';
import { chooseUser, findPostgresBinaries, type PostgresBinaries, type RunAs } from './postgres-binaries.ts';
import { processCommand, processLives } from './processes.ts';

export interface EmbeddedPostgres {
  /** The URL to pass to `openDatabase` and `migrate`. */
  readonly url: string;
  /** Stops the server cleanly and releases the folder. */
  close(): Promise<void>;
}

export const databaseName = 'integration_service';
/** Crash recovery of a large write-ahead log may take a while. */
const startDeadlineMs = 60_000;
const stopDeadlineMs = 20_000;
const pollMs = 20;
const maxLogLines = 40;
const pauseBeforeRestartMs = 1_000;

/**
 * Throws `FolderInUse` if another process uses the folder, and an error with the server's own output if it cannot
 * start.
 */
export async function openEmbeddedPostgres(dataDir: string, logger: Logger): Promise<EmbeddedPostgres> {
  const folder = resolve(dataDir);
  const lock = await lockFolder(folder);
  try {
    const binaries = await findPostgresBinaries();
    const cluster = join(folder, 'postgres');
    const runAs = chooseUser(binaries, cluster, folder);
    await stopLeftBehind(cluster, logger);
    const password = await ensureCluster(binaries, runAs, folder, cluster);
    const server = await startServer({ binaries, runAs, cluster, password, logger });
    return {
      url: server.url,
      async close() {
        await server.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Builds the cluster under another name and renames it when complete: a crash leaves nothing that looks ready. */
async function ensureCluster(
  binaries: PostgresBinaries,
  runAs: RunAs,
  folder: string,
  cluster: string,
): Promise<string> {
  const passwordPath = join(folder, 'postgres-password');
  const known = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  if (known !== null) return (await readFile(passwordPath, 'utf8')).trim();

  const password = randomBytes(24).toString('base64url');
  const draft = join(folder, `postgres-${randomUUID()}`);
  const passwordDraft = `${draft}-password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordDraft, `${password}\n`, { mode: 0o600 });
    if (runAs.owner !== null) {
      for (const path of [draft, passwordDraft]) await chown(path, runAs.owner.uid, runAs.owner.gid);
    }
    await runToEnd(runAs, binaries.initdb, [
      `--pgdata=${draft}`,
      '--username=postgres',
      `--pwfile=${passwordDraft}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-locale',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]);
    await rename(passwordDraft, passwordPath);
    if (runAs.owner !== null) await chown(passwordPath, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    await rename(draft, cluster);
    return password;
  } finally {
    await rm(passwordDraft, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

interface ServerOptions {
  readonly binaries: PostgresBinaries;
  readonly runAs: RunAs;
  readonly cluster: string;
  readonly password: string;
  readonly logger: Logger;
}

/** Starts the server and restarts it if it exits by itself (for example, killed for lack of memory). */
async function startServer(options: ServerOptions): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const port = await findFreePort();
  const urlOf = (database: string): string =>
    `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/${database}`;
  let closing = false;
  let server = await startOnce(options, port, urlOf('postgres'));
  const stopWithUs = (): void => void server.kill('SIGINT');
  process.once('exit', stopWithUs);

  const closed = new AbortController();
  let restart: Promise<void> = Promise.resolve();
  const startAgain = async (): Promise<void> => {
    for (let pauseMs = pauseBeforeRestartMs; !closing; pauseMs = Math.min(pauseMs * 2, startDeadlineMs)) {
      await delay(pauseMs, undefined, { ref: false, signal: closed.signal }).catch(() => {});
      if (closing) return;
      try {
        server = await startOnce(options, port, urlOf('postgres'));
        keep(server);
        return;
      } catch (cause) {
        logger.error({ err: cause }, 'could not restart the embedded PostgreSQL');
      }
    }
  };
  const keep = (current: ChildProcess): void => {
    current.once('exit', (code, signal) => {
      if (closing) return;
      logger.error({ code, signal }, 'the embedded PostgreSQL exited: restarting it');
      restart = startAgain();
    });
  };
  keep(server);
  await createDatabase(urlOf('postgres'));

  return {
    url: urlOf(databaseName),
    async close() {
      closing = true;
      closed.abort();
      await restart; // One that is just starting must not be left behind.
      process.removeListener('exit', stopWithUs);
      await stop(server);
    },
  };
}

async function startOnce(options: ServerOptions, port: number, url: string): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '100',
    shared_buffers: '64MB',
    // There are no streaming replicas.
    wal_level: 'minimal',
    max_wal_senders: '0',
  };
  const server = spawnAs(options.runAs, options.binaries.postgres, [
    '-D',
    options.cluster,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const lines = keepLastLines(server);
  const deadlineAtMs = performance.now() + startDeadlineMs;
  while (server.exitCode === null && server.signalCode === null && server.pid !== undefined) {
    try {
      await probeDatabase({ connectionString: url }, 1_000);
      return server;
    } catch (cause) {
      if (performance.now() < deadlineAtMs) await delay(pollMs);
      else {
        await stop(server);
        throw new Error(`the embedded PostgreSQL did not start in ${startDeadlineMs} ms:\n${lines()}`, { cause });
      }
    }
  }
  throw new Error(`the embedded PostgreSQL did not start:\n${lines()}`);
}

/** Ends the open connections and writes a checkpoint. A server that does not stop in time is killed. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), stopDeadlineMs);
  await ended;
  clearTimeout(timer);
}

/** Stops a server that outlived its killed service. It is ours, because we hold the folder's lock. */
async function stopLeftBehind(cluster: string, logger: Logger): Promise<void> {
  const pidPath = join(cluster, 'postmaster.pid');
  const text = await readFile(pidPath, 'utf8').catch(() => null);
  if (text === null) return;
  const processId = Number(text.split('\n', 1)[0]);
  const isOurs = Number.isInteger(processId) && processId > 1 && processCommand(processId)?.includes(cluster) === true;
  if (!isOurs) {
    // The process id may belong to another program by now, and PostgreSQL would then refuse to start.
    await rm(pidPath, { force: true });
    return;
  }
  logger.warn({ processId }, 'stopping the embedded PostgreSQL that a killed process left behind');
  process.kill(processId, 'SIGINT');
  const deadlineAtMs = performance.now() + stopDeadlineMs;
  while (processLives(processId)) {
    if (performance.now() > deadlineAtMs)
      throw new Error(`the PostgreSQL left behind (process ${processId}) does not stop`);
    await delay(pollMs);
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: startDeadlineMs,
  });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  } finally {
    await client.end();
  }
}

function spawnAs(runAs: RunAs, program: string, args: readonly string[]): ChildProcess {
  const [first = program, ...rest] = [...runAs.command, program, ...args];
  const { uid, gid } = runAs;
  return spawn(first, rest, {
    cwd: '/',
    // Passes nothing of our environment: it holds credentials.
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that Ctrl-C reaches only us: the server stops after we have shut down.
    detached: true,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}

async function runToEnd(runAs: RunAs, program: string, args: readonly string[]): Promise<void> {
  const child = spawnAs(runAs, program, args);
  const lines = keepLastLines(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), startDeadlineMs);
  const [code] = await once(child, 'close').finally(() => clearTimeout(timer));
  if (code !== 0) throw new Error(`the embedded PostgreSQL could not be set up:\n${lines()}`);
}

/** Keeps the last lines of output for the error message if the server exits; the usual output is not logged. */
function keepLastLines(child: ChildProcess): () => string {
  const lines: string[] = [];
  const add = (chunk: Buffer): void => {
    lines.push(...chunk.toString().split('\n').filter(Boolean));
    lines.splice(0, Math.max(0, lines.length - maxLogLines));
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  child.on('error', (error) => lines.push(error.message));
  return () => lines.join('\n');
}
