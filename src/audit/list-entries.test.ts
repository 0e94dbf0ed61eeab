import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { sampleLog, sampleTenant } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { systemClock } from '../clock.ts';
import { readPosition } from '../encodings/page-cursor.ts';
import type { TenantId } from '../ids.ts';
import { createIntake } from '../intake/group-commit.ts';
import type { AuditEntry } from './entry.ts';
import { countEntries, exportEntries, getEntry, type LogFilter, listEntries } from './list-entries.ts';
import { createMasker } from './mask.ts';
import { retain } from './retention.ts';

const otherTenant = 'uk_company_2' as TenantId;

async function storeLogs(t: TestContext, logs: readonly AuditEntry[]) {
  const { db } = await startTestDatabase(t);
  const intake = createIntake({
    db,
    relay: silentRelay(),
    masker: createMasker(['tenant_pin']),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  await Promise.all(logs.map((log) => intake.record({ logs: [log] })));
  await intake.close();
  return db;
}

const statuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled'] as const;

/** Sixty entries, one second apart, with pairs at one instant, over all statuses and two services. */
function manyLogs(nowMs: number): AuditEntry[] {
  return Array.from({ length: 60 }, (_, index) =>
    sampleLog({
      startedAtMs: nowMs - Math.floor(index / 2) * 1_000,
      completedAtMs: nowMs - Math.floor(index / 2) * 1_000 + index,
      status: statuses[index % 5] as AuditEntry['status'],
      serviceName: index % 3 === 0 ? 'yandex_maps' : 'google_maps',
      operation: index % 4 === 0 ? 'health_check' : 'geocode',
      sourceService: index % 2 === 0 ? 'crm' : null,
      responseStatusCode: index % 5 === 0 ? 200 : null,
      estimatedCostUsd: index / 1_000,
      attempt: index % 6 === 1 ? 2 : 1,
      requestId: `r${index}`,
    }),
  );
}

test('pages list each entry once, newest first, whatever its status', async (t) => {
  const logs = manyLogs(Date.now());
  const db = await storeLogs(t, [...logs, sampleLog({ tenantId: otherTenant })]);
  const seen: { id: string; started_at: string }[] = [];
  let cursor = null;
  for (;;) {
    const page = await listEntries({ db }, sampleTenant, {}, cursor, 7);
    assert.ok(page.logs.length <= 7);
    seen.push(...page.logs);
    if (page.nextCursor === null) break;
    cursor = readPosition(page.nextCursor);
    assert.notEqual(cursor, null);
  }
  const keys = seen.map(({ id, started_at }) => `${started_at} ${id}`);
  assert.deepEqual(keys, keys.toSorted().reverse());
  assert.deepEqual(new Set(seen.map(({ id }) => id)), new Set(logs.map(({ id }) => id)));
  assert.equal(seen.length, 60);
});

test('each filter selects its entries, and the total counts the same', async (t) => {
  const nowMs = Date.now();
  const logs = manyLogs(nowMs);
  const db = await storeLogs(t, logs);
  const cases: [LogFilter, (log: AuditEntry) => boolean][] = [
    [{ serviceName: 'yandex_maps' }, (log) => log.serviceName === 'yandex_maps'],
    [{ statuses: ['timeout'] }, (log) => log.status === 'timeout'],
    [{ statuses: ['timeout', 'error'] }, (log) => log.status === 'timeout' || log.status === 'error'],
    [{ operation: 'reverse' }, () => false],
    [{ fromMs: nowMs - 5_000 }, (log) => log.startedAtMs >= nowMs - 5_000],
    [{ toMs: nowMs - 5_000 }, (log) => log.startedAtMs < nowMs - 5_000],
    [{ minDurationMs: 30 }, (log) => log.completedAtMs - log.startedAtMs >= 30],
    [{ excludedOperation: 'health_check' }, (log) => log.operation !== 'health_check'],
    [{ sourceService: 'crm' }, (log) => log.sourceService === 'crm'],
    [{ responseStatusCode: 200 }, (log) => log.responseStatusCode === 200],
    [{ minCostUsd: 0.03 }, (log) => log.estimatedCostUsd >= 0.03],
    [
      { onlyCacheMisses: true },
      ({ attempt, status, operation }) => attempt === 1 && status !== 'rate_limited' && operation === 'geocode',
    ],
    [{ requestId: 'r7' }, (log) => log.requestId === 'r7'],
    [
      { serviceName: 'google_maps', statuses: ['error'] },
      (log) => log.serviceName === 'google_maps' && log.status === 'error',
    ],
  ];
  for (const [filter, matches] of cases) {
    const { logs: found } = await listEntries({ db }, sampleTenant, filter, null, 1_000);
    const expected = logs.filter(matches).map(({ id }) => id);
    assert.deepEqual(found.map(({ id }) => id).toSorted(), expected.toSorted(), JSON.stringify(filter));
    assert.deepEqual(await countEntries({ db }, sampleTenant, filter), { total: expected.length, isCapped: false });
  }
});

test('one entry is returned in full, only to its own tenant', async (t) => {
  const log = sampleLog({
    requestHeaders: { authorization: 'Bearer abc', accept: '*/*' },
    requestBody: '{"address":"x","tenant_pin":1234}',
    responseBody: 'x'.repeat(20_000),
  });
  const db = await storeLogs(t, [log]);
  const entry = await getEntry({ db }, sampleTenant, log.id);
  assert.deepEqual(entry?.request_headers, { authorization: '[masked]', accept: '*/*' });
  assert.deepEqual(entry?.request_body, { address: 'x', tenant_pin: '[masked]' });
  assert.equal(entry?.response_body, `${'x'.repeat(16_384)}…[cut: it had 20000 bytes]`);
  assert.equal(await getEntry({ db }, otherTenant, log.id), null);
  assert.equal(await getEntry({ db }, sampleTenant, 'nonsense'), null);
});

test('the export streams every entry with its bodies', async (t) => {
  const logs = Array.from({ length: 1_200 }, (_, index) => sampleLog({ requestBody: `{"n":${index}}` }));
  const db = await storeLogs(t, logs);
  const bodies = new Set<string>();
  for await (const entry of exportEntries({ db }, sampleTenant, {})) bodies.add(JSON.stringify(entry.request_body));
  assert.equal(bodies.size, 1_200);
});

test('an invalid cursor is refused', () => {
  assert.equal(readPosition('zzz'), null);
  assert.equal(readPosition(Buffer.from("2026-11-22T00:00:00.000Z ' or 1=1").toString('base64url')), null);
});

test('retention drops old days and expired rows, on one replica at a time', async (t) => {
  const longAgoMs = Date.now() - 92 * 86_400_000;
  const db = await storeLogs(t, [sampleLog(), sampleLog({ startedAtMs: longAgoMs, completedAtMs: longAgoMs })]);
  await db.asOwner((tx) =>
    tx.query({
      text: `insert into webhook_deliveries_seen (webhook_id, delivery_key, management_company_id, webhook_event_id, seen_at)
             values (gen_random_uuid(), 'old', 't', gen_random_uuid(), now() - interval '9 days'),
                    (gen_random_uuid(), 'new', 't', gen_random_uuid(), now() - interval '7 days')`,
    }),
  );
  await db.asOwner((tx) =>
    tx.query({
      text: `insert into webhook_bodies_seen (webhook_id, body_sha256, management_company_id, webhook_event_id, seen_at)
             values (gen_random_uuid(), '\\x01', 't', gen_random_uuid(), now() - interval '9 days'),
                    (gen_random_uuid(), '\\x02', 't', gen_random_uuid(), now() - interval '7 days')`,
    }),
  );
  let mayRun = false;
  const deps = {
    db,
    // A clock that is far ahead must not remove data that other replicas keep.
    clock: { now: () => Date.now() + 1_000 * 86_400_000 },
    logger: silentLogger,
    retentionDays: 90,
    tryHold: async () => mayRun,
  };
  const countLogs = async () =>
    (await db.querySystem<{ count: number }>({ text: 'select count(*) from integration_logs' })).rows[0]?.count;
  await retain(deps);
  assert.equal(await countLogs(), 2);
  mayRun = true;
  await retain(deps);
  assert.equal(await countLogs(), 1);
  const { rows } = await db.querySystem({ text: 'select delivery_key from webhook_deliveries_seen' });
  assert.deepEqual(rows, [{ delivery_key: 'new' }]);
  const bodies = await db.querySystem({ text: 'select body_sha256 from webhook_bodies_seen' });
  assert.deepEqual(bodies.rows, [{ body_sha256: Buffer.from([2]) }]);
});

test('pages continue over days without calls', async (t) => {
  const dayMs = 86_400_000;
  const nowMs = Date.now();
  const daysBack = [-0.01, 0, 0.5, 3, 6.9, 7.1, 20, 20, 45];
  const logs = daysBack.map((days, index) =>
    sampleLog({
      startedAtMs: nowMs - days * dayMs,
      completedAtMs: nowMs - days * dayMs,
      status: statuses[index % 5] as AuditEntry['status'],
    }),
  );
  const db = await storeLogs(t, logs);
  const walk = async (filter: LogFilter, limit: number): Promise<number> => {
    const seen: string[] = [];
    for (let cursor = null as ReturnType<typeof readPosition>; ; ) {
      const page = await listEntries({ db }, sampleTenant, filter, cursor, limit);
      seen.push(...page.logs.map(({ started_at, id }) => `${started_at} ${id}`));
      if (page.nextCursor === null) break;
      cursor = readPosition(page.nextCursor);
    }
    assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
    return seen.length;
  };
  for (const limit of [1, 2, 3, 100]) assert.equal(await walk({}, limit), daysBack.length);
  assert.equal(await walk({ fromMs: nowMs - 7 * dayMs }, 2), 5);
  assert.equal(await walk({ fromMs: nowMs - 30 * dayMs, toMs: nowMs - 4 * dayMs }, 2), 4);
  assert.equal(await walk({ toMs: nowMs - 30 * dayMs }, 2), 1);
  assert.equal(await walk({ statuses: ['error'] }, 1), 2);
});
