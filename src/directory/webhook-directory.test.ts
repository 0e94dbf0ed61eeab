/**
 * Tests webhooks in memory: changes take effect at once, also on another replica, and an outage of the database is
 * survived.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { hashToken, hashTokenHex } from '../secrets/token-hash.ts';
import type { Database } from '../storage/postgres/database.ts';
import { DatabaseAway } from '../storage/postgres/database.ts';
import type { WebhookConfigRow } from '../storage/tables/webhooks/webhook-configs.ts';
import { openWebhookDirectory } from './webhook-directory.ts';

async function insert(db: Database, name: string, token: string): Promise<string> {
  const id = randomUUID();
  await db.querySystem({
    text: `
      insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token,
        webhook_token_sha256, source_service, signature_scheme, max_payload_size_bytes, over_limit_policy)
      values ($1, 'uk', $2, 'u', 'sealed', $3, 'custom', 'none', 1000, 'reject')`,
    values: [id, name, hashToken(token)],
  });
  return id;
}

async function open(t: TestContext, db: Database) {
  const clock = createManualClock();
  let away = false;
  let reads = 0;
  const directory = await openWebhookDirectory({
    db: {
      listen: db.listen,
      querySystem(statement) {
        reads += 1;
        if (away) throw new DatabaseAway('cut by the test');
        return db.querySystem(statement);
      },
    },
    clock,
    logger: silentLogger,
    read(row: WebhookConfigRow) {
      if (row.webhook_name === 'broken') throw new Error('a sealed value cannot be opened');
      return row.webhook_name;
    },
  });
  t.after(() => directory.close());
  return {
    directory,
    clock,
    find: async (token: string) => directory.find(hashTokenHex(token)),
    findNow: (token: string) => directory.find(hashTokenHex(token)),
    setAway: (isAway: boolean) => {
      away = isAway;
    },
    reads: () => reads,
  };
}

test('what was there at the start is answered without a statement, and without a promise', async (t) => {
  const { db } = await startTestDatabase(t);
  await insert(db, 'early', 'one');
  const { findNow, reads } = await open(t, db);
  const before = reads();
  assert.equal(findNow('one'), 'early');
  assert.equal(reads(), before);
});

test('a change is visible at once on its replica, and on others after the notification', async (t) => {
  const database = await startTestDatabase(t);
  const id = await insert(database.db, 'first', 'one');
  const here = await open(t, database.db);
  const there = await open(t, database.openAnother());
  assert.deepEqual([await here.find('one'), await there.find('one')], ['first', 'first']);
  await database.db.querySystem({
    text: `update webhook_configs set webhook_name = 'second', updated_at = clock_timestamp() where id = $1`,
    values: [id],
  });
  here.directory.noteChange(id);
  assert.equal(await here.find('one'), 'second');
  await waitFor('the other replica', async () => (await there.find('one')) === 'second');
  await database.db.querySystem({ text: 'delete from webhook_configs where id = $1', values: [id] });
  await waitFor(
    'both to forget it',
    async () => (await here.find('one')) === null && (await there.find('one')) === null,
  );
});

test('while the database is away the last known webhook serves for a day, and an unknown one cannot be judged', async (t) => {
  const { db } = await startTestDatabase(t);
  const id = await insert(db, 'kept', 'one');
  const { directory, clock, find, setAway } = await open(t, db);
  setAway(true);
  clock.advance(3_600_000);
  assert.equal(await find('one'), 'kept');
  directory.noteChange(id);
  assert.equal(await find('one'), 'kept', 'an outdated one is better than none');
  await assert.rejects(find('two'), DatabaseAway);
  clock.advance(86_400_000);
  await assert.rejects(find('one'), DatabaseAway);
  setAway(false);
  assert.equal(await find('one'), 'kept');
});

test('a webhook whose secrets do not open is refused for now, and no other with it', async (t) => {
  const { db } = await startTestDatabase(t);
  await insert(db, 'broken', 'one');
  await insert(db, 'sound', 'two');
  const { find } = await open(t, db);
  await assert.rejects(find('one'), { code: 'SERVICE_UNAVAILABLE' });
  assert.equal(await find('two'), 'sound');
});

test('an unknown token is looked up once, not with each delivery', async (t) => {
  const { db } = await startTestDatabase(t);
  const { find, reads, clock } = await open(t, db);
  assert.equal(await find('none'), null);
  const before = reads();
  for (let count = 0; count < 50; count += 1) assert.equal(await find('none'), null);
  assert.equal(reads(), before);
  clock.advance(10_000);
  assert.equal(await find('none'), null);
  assert.equal(reads(), before + 1);
});
