/**
 * A PostgreSQL for the tests that keeps its data in memory: each test has a database of its own, whose 530 files take
 * 0.4 s of CPU to create on a disk, and 0.02 s in memory.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { openEmbeddedPostgres } from '../src/storage/embedded/embedded-postgres.ts';
import { findFreePort } from '../src/storage/embedded/free-port.ts';
import { postgresAccount } from '../src/storage/embedded/postgres-binaries.ts';

/** Linux keeps what is written here in memory. */
const memoryFolder = '/dev/shm';
/** The databases of the tests in progress, and the write-ahead log. */
const roomBytes = 1.5 * 2 ** 30;
const debianPrograms = '/usr/lib/postgresql';
const startDeadlineMs = 60_000;

/** Its URL; null if the machine has too little memory for files. It stops with `opened`. */
export async function openMemoryPostgres(
  probe: (url: string) => Promise<void>,
  opened: AsyncDisposableStack,
): Promise<string | null> {
  if (!(await hasRoom())) return null;
  const folder = await mkdtemp(join(memoryFolder, 'integration-service-test-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const programs = findDebianPrograms();
  if (programs !== null) return startServer(programs, folder, probe, opened);

  const embedded = await openEmbeddedPostgres(join(folder, 'database'), pino({ level: 'silent' }));
  opened.defer(() => embedded.close());
  const url = new URL(embedded.url);
  url.pathname = '/postgres';
  return url.href;
}

async function hasRoom(): Promise<boolean> {
  if (process.platform !== 'linux' || !existsSync(memoryFolder)) return false;
  const { bavail, bsize } = await statfs(memoryFolder);
  return bavail * bsize >= roomBytes;
}

/** Those of the machine come first: Debian's version is the oldest one that the service supports. */
function findDebianPrograms(): string | null {
  const versions = existsSync(debianPrograms) ? readdirSync(debianPrograms).map(Number) : [];
  const oldest = versions.filter((version) => version >= 15).sort((a, b) => a - b)[0];
  const folder = oldest === undefined ? null : join(debianPrograms, String(oldest), 'bin');
  return folder !== null && existsSync(join(folder, 'postgres')) ? folder : null;
}

/**
 * The shell that runs the server waits for the end of its standard input, so that a runner that is killed leaves neither
 * a server nor its data behind.
 */
const runUntilInputEnds = `folder=$1; shift
"$@" < /dev/null & server=$!
read -r _
kill -INT $server; wait $server; rm -rf "$folder"`;

async function startServer(
  programs: string,
  folder: string,
  probe: (url: string) => Promise<void>,
  opened: AsyncDisposableStack,
): Promise<string> {
  // PostgreSQL refuses to run as root.
  const account = process.getuid?.() === 0 ? postgresAccount() : null;
  const data = join(folder, 'database');
  await mkdir(data);
  if (account !== null) for (const path of [folder, data]) await chown(path, account.uid, account.gid);
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'];
  execFileSync(join(programs, 'initdb'), [`--pgdata=${data}`, ...options], { ...account, cwd: '/', stdio: 'pipe' });

  const port = await findFreePort();
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_wal_size=256MB',
    'timezone=UTC',
  ].flatMap((setting) => ['-c', setting]);
  const server = [join(programs, 'postgres'), '-D', data, ...settings];
  const shell = spawn('/bin/sh', ['-c', runUntilInputEnds, 'sh', folder, ...server], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    // A process group of its own, so that Ctrl-C reaches only us: the server stops after the tests.
    detached: true,
  });
  const ended = once(shell, 'exit');
  opened.defer(async () => {
    shell.stdin.end();
    await ended;
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const deadlineAtMs = performance.now() + startDeadlineMs;
  for (;;) {
    try {
      await probe(url);
      return url;
    } catch (cause) {
      if (performance.now() > deadlineAtMs) throw new Error('PostgreSQL did not start in memory', { cause });
      await delay(50);
    }
  }
}
