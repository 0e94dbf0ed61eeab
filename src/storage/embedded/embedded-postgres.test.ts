import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { silentLogger } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { openDatabase } from '../postgres/database.ts';
import { migrate } from '../postgres/migrate.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import { processLives } from './processes.ts';

/** Below a folder whose path is longer than a unix socket's may be. */
async function longDataDir(t: TestContext): Promise<string> {
  const folder = await createDataDir(t);
  await chmod(folder, 0o755);
  return join(folder, 'a-long-name-'.repeat(10), 'another-long-name-'.repeat(8));
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Another process of ours that runs the database in `folder` until it is killed. */
async function startKeeper(t: TestContext, folder: string): Promise<{ child: ChildProcess; url: string }> {
  const script = `
    import pino from 'pino';
    import { openEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)};
    const embedded = await openEmbeddedPostgres(process.argv[1], pino({ level: 'silent' }));
    process.on('SIGTERM', () => embedded.close().then(() => process.exit()));
    console.log(embedded.url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, url };
}

test('an embedded database takes the migrations, keeps its rows over a restart, and syncs to disk', async (t) => {
  const folder = await longDataDir(t);
  const first = await openEmbeddedPostgres(folder, silentLogger);
  await migrate({ url: first.url, logger: silentLogger });
  const db = openDatabase({ url: first.url, applicationName: 'test', logger: silentLogger });
  await db.querySystem({ text: `insert into leases values ('kept', gen_random_uuid(), now())` });
  await db.close();
  assert.deepEqual(await query(first.url, 'show fsync'), [{ fsync: 'on' }]);
  await first.close();

  const second = await openEmbeddedPostgres(folder, silentLogger);
  t.after(() => second.close());
  assert.deepEqual(await query(second.url, 'select name from leases'), [{ name: 'kept' }]);
});

test('it answers on loopback only, and to the password only', async (t) => {
  const folder = await longDataDir(t);
  const embedded = await openEmbeddedPostgres(folder, silentLogger);
  t.after(() => embedded.close());
  assert.deepEqual(await query(embedded.url, 'show listen_addresses'), [{ listen_addresses: '127.0.0.1' }]);
  assert.deepEqual(await query(embedded.url, 'show unix_socket_directories'), [{ unix_socket_directories: '' }]);

  const wrong = new URL(embedded.url);
  wrong.password = 'wrong';
  await assert.rejects(query(wrong.href, 'select 1'), { code: '28P01' });
});

test('a second start on the same folder names the process that has it', async (t) => {
  const folder = await longDataDir(t);
  const { child } = await startKeeper(t, folder);
  await assert.rejects(openEmbeddedPostgres(folder, silentLogger), {
    name: 'FolderInUse',
    message: new RegExp(`${folder} is in use by process ${child.pid}`),
  });
});

test('after kill -9 the next start finds every row, and the old server is gone', async (t) => {
  const folder = await longDataDir(t);
  const { child, url } = await startKeeper(t, folder);
  await query(url, 'create table kept (value int)');
  await query(url, 'insert into kept values (42)');
  const orphan = Number((await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  assert.ok(process.kill(orphan, 0), 'the server outlives the service that was killed');

  const again = await openEmbeddedPostgres(folder, silentLogger);
  t.after(() => again.close());
  assert.deepEqual(await query(again.url, 'select value from kept'), [{ value: 42 }]);
  // A machine without an init that reaps keeps its number as a zombie's.
  assert.equal(processLives(orphan), false);
});

test('a server that ends by itself is started again on the same port', async (t) => {
  const folder = await longDataDir(t);
  const embedded = await openEmbeddedPostgres(folder, silentLogger);
  t.after(() => embedded.close());
  const serverPid = Number((await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(serverPid, 'SIGKILL');
  await waitFor('the server to answer again', () => query(embedded.url, 'select 1').catch(() => null), 30_000);
});

test('after close nothing listens and the folder is free', async (t) => {
  const folder = await longDataDir(t);
  const embedded = await openEmbeddedPostgres(folder, silentLogger);
  await embedded.close();
  const socket = connect(Number(new URL(embedded.url).port), '127.0.0.1');
  const [error] = await once(socket, 'error');
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  await (await openEmbeddedPostgres(folder, silentLogger)).close();
});
