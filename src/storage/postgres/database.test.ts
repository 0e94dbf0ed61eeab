import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { databaseServerUrl, startTestDatabase, withServer } from '../../../test/support/database.ts';
import { startTcpProxy } from '../../../test/support/tcp-proxy.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { parseTenantId } from '../../ids.ts';
import { DatabaseAway, type OpenDatabaseOptions, openDatabase } from './database.ts';

const tenantId = parseTenantId('company_one');
const insertLease = (name: string) => ({
  text: `insert into leases values ($1, gen_random_uuid(), now())`,
  values: [name],
});

async function startThroughProxy(t: TestContext, options: Partial<OpenDatabaseOptions> = {}) {
  const { url, db: beside, openAnother } = await startTestDatabase(t);
  const proxy = await startTcpProxy(t, databaseServerUrl);
  const db = openAnother({ url: proxy.through(url), connectTimeoutMs: 500, statementTimeoutMs: 5_000, ...options });
  return { proxy, db, beside };
}

test('work that returns is kept, work that throws is not', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.acrossTenants('test', (tx) => tx.query(insertLease('kept')));
  await assert.rejects(
    db.acrossTenants('test', async (tx) => {
      await tx.query(insertLease('thrown'));
      throw new Error('changed its mind');
    }),
    /changed its mind/,
  );
  assert.deepEqual((await db.querySystem({ text: 'select name from leases' })).rows, [{ name: 'kept' }]);
});

test('a transaction in which an error was ignored says at its end that it was rolled back', async (t) => {
  const { db } = await startTestDatabase(t);
  await assert.rejects(
    db.acrossTenants('test', async (tx) => {
      await tx.query(insertLease('lost'));
      await tx.query({ text: 'select 1 / 0' }).catch(() => {});
    }),
    /COMMIT became ROLLBACK/,
  );
  assert.equal((await db.querySystem({ text: 'select from leases' })).rowCount, 0);
});

test('a transaction for reading sees one moment throughout, and writes nothing', async (t) => {
  const { db } = await startTestDatabase(t);
  const setBudget = {
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ($1, '*', 1, 'alert')`,
    values: [tenantId],
  };
  const countBudgets = { text: 'select from budgets' };
  const seen = await db.readForTenant(tenantId, async (tx) => {
    const before = await tx.query(countBudgets);
    await db.forTenant(tenantId, (other) => other.query(setBudget));
    return [before.rowCount, (await tx.query(countBudgets)).rowCount];
  });
  assert.deepEqual(seen, [0, 0]);
  assert.equal((await db.readForTenant(tenantId, (tx) => tx.query(countBudgets))).rowCount, 1);
  await assert.rejects(
    db.readForTenant(tenantId, (tx) => tx.query(setBudget)),
    ({ cause }: DatabaseAway) => (cause as { code?: string }).code === '25006',
  );
});

test('a statement after the end of its transaction is refused', async (t) => {
  const { db } = await startTestDatabase(t);
  let late: (() => Promise<unknown>) | undefined;
  await db.acrossTenants('test', async (tx) => {
    late = () => tx.query({ text: 'select 1' });
  });
  await assert.rejects(async () => late?.(), /after the end of its transaction/);
});

test('statements of one transaction may be sent side by side, and each gets its own rows', async (t) => {
  const { db } = await startTestDatabase(t);
  const seen = await db.forTenant(tenantId, async (tx) => {
    const [first, second] = await Promise.all([
      tx.query<{ one: number }>({ name: 'test_one', text: 'select 1 as one' }),
      tx.query<{ two: number }>({ name: 'test_two', text: 'select 2 as two' }),
    ]);
    return [first.rows[0]?.one, second.rows[0]?.two];
  });
  assert.deepEqual(seen, [1, 2]);
});

test('bigints are numbers, dates are days, and the purpose shows in pg_stat_activity', async (t) => {
  const { db } = await startTestDatabase(t);
  const { rows } = await db.acrossTenants(`retention'; drop`, (tx) =>
    tx.query({
      text: `select 7::bigint as count, date '2026-11-22' as day, current_setting('application_name') as name`,
    }),
  );
  assert.deepEqual(rows, [{ count: 7, day: '2026-11-22', name: 'test: retention drop' }]);
});

test('answered statements are reported with their names', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const names: (string | null)[] = [];
  const db = openAnother({ onStatement: (name) => names.push(name) });
  await db.querySystem({ name: 'test_named', text: 'select 1' });
  await db.querySystem({ text: 'select 1' });
  await assert.rejects(db.querySystem({ name: 'test_bad', text: 'select 1 / 0' }), { code: '22012' });
  assert.deepEqual(names, ['test_named', null]);
});

test('a statement that runs too long is ended by the server, and the database does not count as away', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const db = openAnother({ statementTimeoutMs: 50 });
  await assert.rejects(db.querySystem({ text: 'select pg_sleep(60)' }), { code: '57014' });
  await db.querySystem({ text: 'select 1' });
});

test('a slow statement does not make the database count as away', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const db = openAnother({ connectTimeoutMs: 1_000 });
  await db.querySystem({ text: 'select pg_sleep(1.8)' }); // Longer than what raises a probe.
  assert.equal((await db.querySystem({ text: 'select 1' })).rowCount, 1);
});

test('a server that went silent is given up long before its deadline, refused at once, and found again', async (t) => {
  const { proxy, db } = await startThroughProxy(t, { statementTimeoutMs: 60_000 });
  await db.querySystem({ text: 'select 1' });
  proxy.stall();
  await assert.rejects(
    db.querySystem({ text: 'select 1' }),
    (error) => error instanceof DatabaseAway && error.outcomeUnknown,
  );

  const connections = proxy.connectionCount();
  const results = await Promise.allSettled(Array.from({ length: 1_000 }, () => db.querySystem({ text: 'select 1' })));
  assert.ok(results.every((result) => result.status === 'rejected' && result.reason instanceof DatabaseAway));
  assert.ok(proxy.connectionCount() - connections <= 2, 'a refused call tries nothing');

  proxy.resume();
  await waitFor('the database to come back', () => db.querySystem({ text: 'select 1' }).catch(() => null));
});

test('connections that were idle as the server went silent are not used when another answers in its place', async (t) => {
  const { proxy, db } = await startThroughProxy(t, { statementTimeoutMs: 60_000 });
  const ask = () => db.querySystem({ text: 'select 1 from pg_sleep(0.05)' });
  await Promise.all([ask(), ask(), ask()]);
  proxy.stall();
  await assert.rejects(ask(), DatabaseAway);
  proxy.forget(); // What was open stays so, and dead.
  proxy.resume();
  await waitFor('an answer', () =>
    ask().then(
      () => true,
      () => false,
    ),
  );
  await Promise.all([ask(), ask(), ask()]);
});

test('a database that is cut off is refused, and found again', async (t) => {
  const { proxy, db } = await startThroughProxy(t);
  await db.querySystem({ text: 'select 1' });
  proxy.cut();
  await assert.rejects(db.querySystem({ text: 'select 1' }), DatabaseAway);
  await assert.rejects(
    db.forTenant(tenantId, (tx) => tx.query({ text: 'select 1' })),
    DatabaseAway,
  );
  assert.equal(await db.isReachable(200), false);
  proxy.resume();
  await waitFor('the database to come back', () => db.querySystem({ text: 'select 1' }).catch(() => null));
  assert.equal(await db.isReachable(2_000), true);
});

test('a connection lost before the commit was asked for kept nothing, and says so', async (t) => {
  const { proxy, db, beside } = await startThroughProxy(t);
  await assert.rejects(
    db.acrossTenants('test', async (tx) => {
      await tx.query(insertLease('half'));
      proxy.cut();
      await tx.query({ text: 'select 1' });
    }),
    (error) => error instanceof DatabaseAway && !error.outcomeUnknown,
  );
  assert.equal((await beside.querySystem({ text: 'select from leases' })).rowCount, 0);
});

test('a server that has room for no further connection goes on with those it has', async (t) => {
  const { url, db: beside, openAnother } = await startTestDatabase(t);
  const login = `limited_${randomUUID().replaceAll('-', '')}`;
  await beside.asOwner(async (tx) => {
    await tx.query({ text: `create role ${login} login noinherit connection limit 1` });
    await tx.query({ text: `grant integration_service_system, integration_service_tenant to ${login}` });
  });
  t.after(() => withServer((server) => server.query(`drop role if exists ${login}`)));
  const limited = new URL(url);
  limited.username = login;
  const db = openAnother({ url: limited.href });

  await db.querySystem({ text: 'select' }); // Takes the one connection.
  // Longer than a statement may take before somebody looks whether the server is still there.
  const slow = db.querySystem({ text: 'select pg_sleep(1.6)' });
  await assert.rejects(
    db.forTenant(tenantId, (tx) => tx.query({ text: 'select' })),
    DatabaseAway,
  );
  assert.equal((await slow).rowCount, 1);
  assert.equal((await db.querySystem({ text: 'select' })).rowCount, 1);
});

test('one connection that an administrator ends is no absence: the next statement gets another', async (t) => {
  const { db } = await startTestDatabase(t);
  const { rows } = await db.querySystem<{ pid: number }>({ text: 'select pg_backend_pid() as pid' });
  await withServer((server) => server.query('select pg_terminate_backend($1)', [rows[0]?.pid]));
  await waitFor('a statement to succeed', () => db.querySystem({ text: 'select 1' }).catch(() => null));
});

test('more callers than connections wait their turn', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const db = openAnother({ maxConnections: 4 });
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      db.querySystem<{ n: number }>({ text: 'select $1::int as n', values: [index] }),
    ),
  );
  assert.deepEqual(
    results.map(({ rows }) => rows[0]?.n),
    Array.from({ length: 200 }, (_, index) => index),
  );
});

test('a listener hears notifications of other replicas, and null after it was cut off', async (t) => {
  const { proxy, db, beside } = await startThroughProxy(t);
  const heard: (string | null)[] = [];
  const leave = await db.listen('configuration_changed', (payload) => heard.push(payload));
  const notify = (payload: string) =>
    beside.querySystem({ text: `select pg_notify('configuration_changed', $1)`, values: [payload] });
  await notify('one');
  await waitFor('the first notification', () => heard.includes('one'));

  proxy.cut();
  await notify('missed');
  proxy.resume();
  await waitFor('the null', () => heard.includes(null));
  await notify('two');
  await waitFor('the second notification', () => heard.includes('two'));
  assert.deepEqual(heard, ['one', null, 'two']);

  await leave();
  const other: (string | null)[] = [];
  await db.listen('another_channel', (payload) => other.push(payload));
  await notify('three');
  await beside.querySystem({ text: `select pg_notify('another_channel', 'four')` });
  await waitFor('the other channel', () => other.includes('four'));
  assert.deepEqual(heard, ['one', null, 'two']);
});

test('a listening connection that is dead and open is found out, and made again', async (t) => {
  const { db, beside, proxy } = await startThroughProxy(t, { statementTimeoutMs: 500 });
  const heard: (string | null)[] = [];
  await db.listen('half_open', (payload) => heard.push(payload));
  proxy.forget();
  await waitFor('the loss to be noticed', () => heard.includes(null), 30_000);
  await beside.querySystem({ text: `select pg_notify('half_open', 'again')` });
  await waitFor('a notification', () => heard.includes('again'));
  assert.deepEqual(heard, [null, 'again']);
});

test('closing is no loss of the listening connection, and the log is quiet', async (t) => {
  const { url } = await startTestDatabase(t);
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  const db = openDatabase({ url, applicationName: 'test', logger, maxConnections: 2 });
  await db.listen('configuration_changed', () => {});
  await db.close();
  assert.deepEqual(lines, []);
});

test('closing while the listening connection is being made ends it too', async (t) => {
  const { url } = await startTestDatabase(t);
  const proxy = await startTcpProxy(t, databaseServerUrl);
  const through = { url: proxy.through(url), applicationName: 'test', logger: pino({ level: 'silent' }) };
  const db = openDatabase({ ...through, connectTimeoutMs: 20_000 });
  await db.listen('configuration_changed', () => {});
  proxy.cut();
  proxy.stall();
  const connected = proxy.connectionCount();
  await waitFor('the next attempt', () => proxy.connectionCount() > connected);
  const closing = db.close();
  proxy.resume();
  await closing;
});

test('a listener that starts while the database is away hears a null and then everything', async (t) => {
  const { proxy, db, beside } = await startThroughProxy(t);
  proxy.cut();
  const heard: (string | null)[] = [];
  await db.listen('configuration_changed', (payload) => heard.push(payload));
  proxy.resume();
  await waitFor('the null', () => heard.includes(null));
  await beside.querySystem({ text: `select pg_notify('configuration_changed', 'one')` });
  await waitFor('the notification', () => heard.includes('one'));
});
