import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { systemClock } from '../../clock.ts';
import { newId, parseTenantId } from '../../ids.ts';
import { hashToken, hashTokenHex } from '../../secrets/token-hash.ts';
import type { Database, Rows, Statement } from '../../storage/postgres/database.ts';
import { DatabaseAway } from '../../storage/postgres/database-away.ts';
import { insertServiceToken, listServiceTokens, revokeServiceToken } from '../../storage/tables/service-tokens.ts';
import { openTokenDirectory } from './token-directory.ts';

const tenantId = parseTenantId('uk_1');

/** A directory over a real database, with counted look-ups that can be made to fail. */
async function startDirectory(t: TestContext) {
  const { db } = await startTestDatabase(t);
  const lookUps: Statement[] = [];
  const state = { nowMs: systemClock.now(), isAway: false, notices: 0 };
  const counted: Pick<Database, 'querySystem' | 'listen'> = {
    listen: (channel, onNotify) =>
      db.listen(channel, (payload) => {
        onNotify(payload);
        state.notices += 1;
      }),
    async querySystem<Row>(statement: Statement): Promise<Rows<Row>> {
      if (statement.name === 'service_tokens_find_live') lookUps.push(statement);
      if (state.isAway) throw new DatabaseAway('for the test');
      return db.querySystem<Row>(statement);
    },
  };
  const directory = await openTokenDirectory({ db: counted, clock: { now: () => state.nowMs }, logger: silentLogger });
  t.after(() => directory.close());
  const add = async (token: string, expiresAt: Date | null = null, id = newId()) => {
    const before = state.notices;
    const added = await db.forTenant(tenantId, (tx) =>
      insertServiceToken(tx, tenantId, {
        id,
        name: 'bot',
        token_sha256: hashToken(token),
        scopes: ['geocoding'],
        tenants: ['uk_1'],
        services: null,
        rate_limit_per_minute: null,
        created_by: null,
        expires_at: expiresAt,
      }),
    );
    // The directory drops its entries when the notification arrives: only then may a test count look-ups.
    await waitFor('the directory has heard of the token', () => state.notices > before);
    return added;
  };
  return { db, directory, lookUps, state, add, find: async (token: string) => directory.find(hashTokenHex(token)) };
}

test('a known token costs one look-up, and tokens of one turn are looked up together', async (t) => {
  const { add, find, lookUps } = await startDirectory(t);
  await add('a');
  await add('b');
  await waitFor('the token is known', async () => (await find('a')) !== null);
  lookUps.length = 0;
  assert.deepEqual([...((await find('a'))?.scopes ?? [])], ['geocoding']);
  assert.equal(lookUps.length, 0);
  const [one, two, none] = await Promise.all([find('b'), find('b'), find('c')]);
  assert.ok(one !== null && two !== null && none === null);
  assert.equal(lookUps.length, 1);
});

test('a flood of wrong tokens is one query at a time, and repeats are none', async (t) => {
  const { find, lookUps } = await startDirectory(t);
  const wrong = Array.from({ length: 1_200 }, (_, index) => `wrong-${index}`);
  await Promise.all(wrong.map(find));
  assert.equal(lookUps.length, 3);
  await Promise.all(wrong.map(find));
  assert.equal(lookUps.length, 3);
});

test('a flood that fills the room for look-ups refuses no token that was good lately', async (t) => {
  const { add, find, state, directory } = await startDirectory(t);
  await add('known');
  await waitFor('the token is known', async () => (await find('known')) !== null);
  state.nowMs += 60_000;
  const flood = Array.from({ length: 5_000 }, (_, index) => directory.find(hashTokenHex(`wrong-${index}`)));
  assert.throws(() => directory.find(hashTokenHex('one too many')), { code: 'SERVICE_UNAVAILABLE' });
  assert.equal((await find('known'))?.name, 'bot');
  await Promise.all(flood);
});

test('a revoked token stops working, and a new one starts, at the notification', async (t) => {
  const { db, add, find } = await startDirectory(t);
  assert.equal(await find('late'), null);
  const { id } = await add('late');
  await waitFor('the token is known', async () => (await find('late')) !== null);
  assert.equal(await db.forTenant(tenantId, (tx) => revokeServiceToken(tx, tenantId, id)), true);
  await waitFor('the token is refused', async () => (await find('late')) === null);
  assert.equal(await db.forTenant(tenantId, (tx) => revokeServiceToken(tx, tenantId, id)), false);
});

test('an expired token is refused, even one in the cache', async (t) => {
  const { add, find, state } = await startDirectory(t);
  await add('brief', new Date(state.nowMs + 20_000));
  await waitFor('the token is known', async () => (await find('brief')) !== null);
  state.nowMs += 20_001;
  assert.equal(await find('brief'), null);
});

test('while the database is away a known token works, and an unknown one cannot be checked', async (t) => {
  const { add, find, state } = await startDirectory(t);
  await add('known');
  await waitFor('the token is known', async () => (await find('known')) !== null);
  state.isAway = true;
  state.nowMs += 60_000;
  assert.notEqual(await find('known'), null);
  await assert.rejects(find('unknown'), DatabaseAway);
  state.nowMs += 600_000;
  await assert.rejects(find('known'), DatabaseAway);
});

test('the use of a token is written, and its list shows no hash and no other tenant', async (t) => {
  const { db, directory, add, find } = await startDirectory(t);
  await add('used');
  await waitFor('the token is known', async () => (await find('used')) !== null);
  await directory.close();
  const page = { cursor: null, limit: 10 };
  const [token] = await db.forTenant(tenantId, (tx) => listServiceTokens(tx, tenantId, page));
  assert.ok(token?.last_used_at instanceof Date);
  assert.ok(!('tokenSha256' in token));
  const other = parseTenantId('uk_2');
  assert.deepEqual(await db.forTenant(other, (tx) => listServiceTokens(tx, other, page)), []);
});
