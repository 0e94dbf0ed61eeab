/** Tests that the audit chain detects edits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../../test/support/database.ts';
import { sampleLog, sampleTenant } from '../../../test/support/intake-samples.ts';
import { silentRelay } from '../../../test/support/silent-relay.ts';
import { systemClock } from '../../clock.ts';
import { newId } from '../../ids.ts';
import { createIntake } from '../../intake/group-commit.ts';
import { createKeyring } from '../../secrets/keyring.ts';
import { rowDigest } from '../../storage/tables/audit/audit-chain.ts';
import type { AuditEntry } from '../entry.ts';
import { createMasker } from '../mask.ts';
import { eraseText } from './erase-text.ts';
import { linkBatches } from './link-batches.ts';
import { verifyChain } from './verify-chain.ts';

const keyring = createKeyring([{ id: 'k1', key: Buffer.alloc(32, 9) }]);

async function startAudit(t: TestContext) {
  const { db } = await startTestDatabase(t);
  const masker = createMasker();
  const intake = createIntake({
    db,
    relay: silentRelay(),
    masker,
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  t.after(() => intake.close());
  const linkNow = () => linkBatches({ db, keyring, clock: systemClock });
  const write = async (count: number, overrides: Partial<AuditEntry> = {}): Promise<AuditEntry[]> => {
    const logs = Array.from({ length: count }, () => sampleLog(overrides));
    await Promise.all(logs.map((log) => intake.record({ logs: [log] })));
    return logs;
  };
  const sql = (text: string) => db.acrossTenants('test', (tx) => tx.query({ text }));
  /** Edits with the database owner's rights, bypassing all policies and grants. */
  const tamper = (text: string) =>
    db.asOwner(async (tx) => {
      for (const table of ['integration_logs', 'log_bodies', 'audit_chain', 'audit_batches']) {
        await tx.query({ text: `alter table ${table} no force row level security` });
      }
      await tx.query({ text });
      for (const table of ['integration_logs', 'log_bodies', 'audit_chain', 'audit_batches']) {
        await tx.query({ text: `alter table ${table} force row level security` });
      }
    });
  const verify = (keys = keyring) =>
    db.acrossTenants('verify', (tx) => verifyChain(tx, sampleTenant, { keyring: keys, maxFaults: 10 }));
  return { db, linkNow, write, sql, tamper, verify };
}

test('an unedited log is intact, linked or not', async (t) => {
  const { linkNow, write, verify } = await startAudit(t);
  await write(30);
  const before = await verify();
  assert.deepEqual([before.faults, before.rows, before.unlinkedRows, before.links], [[], 30, 30, 0]);
  await linkNow();
  await write(10);
  await linkNow();
  const after = await verify();
  assert.deepEqual([after.faults, after.rows, after.unlinkedRows, after.links], [[], 40, 0, 2]);
  assert.equal(after.head?.sequence, 2);
});

test('a changed, a missing and an added row among many are found, before and after linking', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  const logs = await write(200);
  await linkNow();
  const more = await write(20);
  const [changed, missing, later] = [logs[70]?.id, logs[140]?.id, more[3]?.id];
  const added = newId();
  await tamper(`update integration_logs set estimated_cost = estimated_cost + 0.000001 where id = '${changed}'`);
  await tamper(`delete from integration_logs where id = '${missing}'`);
  await tamper(`update integration_logs set status = 'error' where id = '${later}'`);
  await tamper(`
    insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
    values ('${added}', '${sampleTenant}', 'x', 'api', 'http', to_timestamp(('x' || substr('${added}', 1, 8) || substr('${added}', 10, 4))::bit(48)::bigint / 1000.0), 'success')`);
  const { faults } = await verify();
  const found = faults.map((fault) => `${fault.kind} ${'id' in fault ? fault.id : ''}`).sort();
  assert.deepEqual(
    found,
    [`row_added ${added}`, `row_changed ${changed}`, `row_changed ${later}`, `row_missing ${missing}`].sort(),
  );
});

test('a row with another time, and one whose id has another time, are found', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  const logs = await write(20);
  await linkNow();
  await tamper(
    `update integration_logs set started_at = started_at + interval '1 millisecond' where id = '${logs[5]?.id}'`,
  );
  await tamper(`
    insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
    values ('ffffffff-ffff-4fff-bfff-ffffffffffff', '${sampleTenant}', 'x', 'api', 'http', now(), 'success')`);
  const { faults } = await verify();
  assert.deepEqual(
    faults.map((fault) => [fault.kind, 'id' in fault ? fault.id : '']).sort(),
    [
      ['row_added', 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
      ['row_changed', logs[5]?.id ?? ''],
    ].sort(),
  );
});

test('a changed or removed body is found', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  await write(3, { requestBody: '{"amount":100}', responseBody: '{"ok":true}' });
  await linkNow();
  await tamper(`update log_bodies set body = '{"amount":900}' where body = '{"amount":100}'`);
  await tamper(`delete from log_bodies where body = '{"ok":true}'`);
  const { faults } = await verify();
  assert.deepEqual(faults.map(({ kind }) => kind).sort(), [
    'body_changed',
    'body_missing',
    'body_missing',
    'body_missing',
  ]);
});

test('a link that was changed, removed or made without the key is found', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  for (let link = 0; link < 5; link++) {
    await write(2);
    await linkNow();
  }
  await tamper("update audit_chain set chained_at = chained_at - interval '1 day' where sequence = 2");
  await tamper('delete from audit_chain where sequence = 4');
  const { faults } = await verify();
  const links = faults.filter((fault) => 'sequence' in fault);
  assert.deepEqual(links, [
    { kind: 'link_changed', sequence: 2 },
    { kind: 'link_missing', sequence: 4 },
  ]);
  assert.equal(faults.filter(({ kind }) => kind === 'row_added').length, 2, 'the rows of the removed link');

  const otherKeys = createKeyring([{ id: 'k1', key: Buffer.alloc(32, 8) }]);
  assert.ok((await verify(otherKeys)).faults.filter(({ kind }) => kind === 'link_changed').length >= 4);
  const { missingKeys } = await verify(createKeyring([{ id: 'k2', key: Buffer.alloc(32, 8) }]));
  assert.deepEqual(missingKeys, ['k1']);
});

test('a person is erased in every encoding, and the chain stays intact and counts the erasure', async (t) => {
  const { linkNow, write, verify, sql, db } = await startAudit(t);
  const person = 'Иванова Мария "Маша"';
  await write(2, { requestBody: JSON.stringify({ name: person }), responseBody: 'for everybody' });
  await write(1, { endpoint: `https://api/x?q=${encodeURIComponent(person)}`, errorMessage: `no such: ${person}` });
  await write(4);
  await linkNow();
  const { rows, bodies } = await eraseText(db, sampleTenant, person);
  assert.deepEqual([rows, bodies], [3, 1]);
  for (const link of [false, true]) {
    if (link) await linkNow();
    const report = await verify();
    assert.deepEqual([report.faults, report.erased, report.rows], [[], 3, 7]);
  }
  const left = await sql(`
    select 1 from log_bodies where body like '%Иванова%' or body like '%\\u0418%'
    union all select 1 from integration_logs where endpoint like '%D0%98%' or error_message like '%Иванова%'`);
  assert.equal(left.rows.length, 0);
  assert.deepEqual(await eraseText(db, sampleTenant, person), { rows: 0, bodies: 0 });
});

test('the digest covers the principal, and rows without one keep their old digest', async (t) => {
  const { linkNow, write, verify, tamper, sql } = await startAudit(t);
  const [swapped, taken] = await write(2, { principal: 'jwt:anna' });
  const [given, untouched, counted] = await write(3);
  await linkNow();
  const digests = await sql(`
    select substr(sha256(convert_to(to_json(array[
        id::text, management_company_id, service_id::text, service_name, service_type, operation, endpoint, http_method,
        request_headers::text, request_body::text, response_status_code::text, response_body::text,
        extract(epoch from started_at)::text, extract(epoch from completed_at)::text, duration_ms::text, status,
        error_message, error_code, retry_count::text, attempt::text, request_id, source_service, estimated_cost::text
      ])::text, 'UTF8')), 1, 8) = (select substr(entries, position(uuid_send('${untouched?.id}') in entries) + 16, 8)
                                    from audit_chain where position(uuid_send('${untouched?.id}') in entries) > 0) as is_kept
      from integration_logs where id = '${untouched?.id}'`);
  assert.deepEqual(digests.rows, [{ is_kept: true }]);
  await tamper(`update integration_logs set principal = 'jwt:boris' where id = '${swapped?.id}'`);
  await tamper(`update integration_logs set principal = null where id = '${taken?.id}'`);
  await tamper(`update integration_logs set principal = 'jwt:anna' where id = '${given?.id}'`);
  await tamper(`update integration_logs set elements = 25 where id = '${counted?.id}'`);
  const { faults } = await verify();
  const changed = faults.map((fault) => (fault.kind === 'row_changed' ? fault.id : fault.kind));
  assert.deepEqual(changed.sort(), [swapped?.id, taken?.id, given?.id, counted?.id].sort());
});

test('the trace of a call is not part of the digest', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  const steps = [{ kind: 'retry', at_ms: 1, duration_ms: 2, service_name: 'google_maps' }] as const;
  const [kept] = await write(1, { trace: { started_at_ms: 1, steps } });
  await linkNow();
  await tamper(`update integration_logs set trace = null where id = '${kept?.id}'`);
  assert.deepEqual((await verify()).faults, []);
});

test('the principal is erased as well', async (t) => {
  const { db, linkNow, write, verify, sql } = await startAudit(t);
  await write(2, { principal: 'jwt:anna@example.org' });
  await write(1, { principal: 'token:bot' });
  await linkNow();
  assert.deepEqual(await eraseText(db, sampleTenant, 'anna@example.org'), { rows: 2, bodies: 0 });
  const { rows } = await sql('select distinct principal from integration_logs order by principal');
  assert.deepEqual(rows, [{ principal: 'jwt:[erased]' }, { principal: 'token:bot' }]);
  assert.deepEqual((await verify()).faults, []);
});

test('rows older than the chain are counted and not reported as edited', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  await write(5, { startedAtMs: Date.now() - 60_000 });
  await tamper('delete from audit_batches');
  await write(3);
  await linkNow();
  const { faults, rowsBefore, rows } = await verify();
  assert.deepEqual([faults, rowsBefore, rows], [[], 5, 8]);
});

test('replicas that link at the same time make one chain', async (t) => {
  const { linkNow, write, verify } = await startAudit(t);
  for (let round = 0; round < 10; round++) {
    await write(5);
    await Promise.all([linkNow(), linkNow()]);
  }
  await linkNow();
  const { faults, rows } = await verify();
  assert.deepEqual([faults, rows], [[], 50]);
});

test('rows are matched in any order: linked late from a spool, written together, over many links', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  const minuteMs = 60_000;
  const nowMs = Date.now();
  const late = await write(3, { startedAtMs: nowMs - 2 * minuteMs });
  await linkNow();
  for (let link = 0; link < 100; link++) {
    await write(2, { startedAtMs: nowMs + link });
    await linkNow();
  }
  const spooled = await write(5, { startedAtMs: nowMs - minuteMs });
  await linkNow();
  await write(2);
  const whole = await verify();
  assert.deepEqual([whole.faults, whole.rows, whole.links, whole.unlinkedRows], [[], 210, 102, 2]);

  await tamper(`update integration_logs set endpoint = 'x' where id = '${spooled[2]?.id}'`);
  await tamper(`delete from integration_logs where id = '${late[1]?.id}'`);
  await tamper(
    `update integration_logs set started_at = started_at + interval '30 seconds' where id = '${late[2]?.id}'`,
  );
  assert.deepEqual(
    (await verify()).faults.map((fault) => `${fault.kind} ${'id' in fault ? fault.id : ''}`).sort(),
    [`row_changed ${spooled[2]?.id}`, `row_changed ${late[2]?.id}`, `row_missing ${late[1]?.id}`].sort(),
  );
});

test('two equal entries of a row whose commit was tried twice are not a fault', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  await write(4);
  await tamper(
    'insert into audit_batches (management_company_id, kind, entries) select management_company_id, kind, entries from audit_batches',
  );
  await linkNow();
  assert.deepEqual((await verify()).faults, []);
});

test('a second entry that matches a changed row does not hide the change', async (t) => {
  const { linkNow, write, verify, tamper } = await startAudit(t);
  const logs = await write(6);
  await linkNow();
  const forge = (id: string | undefined) =>
    tamper(`
      with changed as (
        update integration_logs set endpoint = 'x' where id = '${id}' returning management_company_id, id, ${rowDigest} as digest)
      insert into audit_batches (management_company_id, kind, entries)
      select management_company_id, 'rows', uuid_send(id) || digest from changed`);
  await forge(logs[1]?.id);
  await linkNow();
  await forge(logs[4]?.id);
  const { faults } = await verify();
  assert.deepEqual(
    faults.map((fault) => `${fault.kind} ${'id' in fault ? fault.id : ''}`),
    [`row_changed ${logs[1]?.id}`, `row_changed ${logs[4]?.id}`],
  );
});
