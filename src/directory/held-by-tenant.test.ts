import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { openBudgetDirectory } from '../costs/budget-directory.ts';
import { parseTenantId } from '../ids.ts';
import type { Statement } from '../storage/postgres/database.ts';
import { openHeldByTenant } from './held-by-tenant.ts';

test('one changed budget among 5,000 is read alone', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.querySystem({
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action)
           select 'held_' || n, '*', 10, 'block' from generate_series(1, 5000) n`,
  });
  const read: number[] = [];
  const directory = await openBudgetDirectory({
    db: {
      listen: db.listen.bind(db),
      async querySystem<Row>(statement: Statement) {
        const found = await db.querySystem<Row>(statement);
        read.push(found.rowCount);
        return found;
      },
    },
    logger: silentLogger,
  });
  t.after(() => directory.close());
  const [changed, other] = [parseTenantId('held_7'), parseTenantId('held_8')];
  assert.equal(directory.blocking(changed, 'google_maps').length, 1);

  await db.querySystem({ text: `delete from budgets where management_company_id = 'held_7'` });
  await waitFor('the deletion', () => directory.blocking(changed, 'google_maps').length === 0);

  assert.equal(directory.blocking(other, 'google_maps').length, 1);
  assert.deepEqual(read, [5_000, 0]);
});

test('a change that comes while it is being read is read again, and a failed read is made good', async (t) => {
  const tenant = parseTenantId('held');
  let notify: (payload: string | null) => void = () => {};
  let value = 1;
  const asked: (readonly string[] | null)[] = [];
  const failures: unknown[] = [];
  let next: { promise: Promise<void>; resolve(): void } | null = null;
  const held = await openHeldByTenant<number>({
    db: {
      async listen(_channel, onNotify) {
        notify = onNotify;
        return async () => {};
      },
    },
    channel: 'x',
    tenantOf: (payload) => parseTenantId(payload),
    async read(tenants) {
      asked.push(tenants);
      const seen = value;
      await next?.promise;
      if (seen < 0) throw new Error('away');
      return new Map([[tenant, seen]]);
    },
    onFailure: (error) => failures.push(error),
  });
  t.after(() => held.close());

  next = Promise.withResolvers<void>();
  notify('held');
  value = 2;
  notify('held');
  next.resolve();
  await waitFor('the later change', () => held.of(tenant) === 2);
  assert.deepEqual(asked, [null, ['held'], ['held']]);

  value = -1;
  await held.refresh(tenant);
  assert.equal(failures.length, 1);
  assert.equal(held.of(tenant), 2, 'the last known holds');
  value = 3;
  await held.refresh(tenant);
  assert.equal(held.of(tenant), 3);
  assert.equal(asked.at(-1), null, 'what failed may have been anyone’s');
});
