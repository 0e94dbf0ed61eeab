import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { parseTenantId } from '../ids.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import { createKeptMarks } from './kept-marks.ts';

const tenant = parseTenantId('uk_marks');
const hourMs = 3_600_000;

function createMarks({ holds, store }: { holds: boolean; store?: SharedStore }) {
  let nowMs = Date.now();
  const clock = { now: () => nowMs };
  const shared = store ?? createInProcessStore({ clock, logger: silentLogger });
  let asked = 0;
  const holdsAnswers = async () => {
    asked += 1;
    return holds;
  };
  return {
    marks: createKeptMarks({ store: shared, clock, holdsAnswers, longestMs: hourMs }),
    store: shared,
    asked: () => asked,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('over an empty database the marks are complete at once, and only marked questions are looked up', async () => {
  const { marks, advance, asked } = createMarks({ holds: false });
  marks.add(tenant, 'kept', 600_000);
  assert.equal(await marks.mayBeKept(tenant, 'new'), true, 'nothing is known yet');
  await waitFor('the database to be looked at', () => asked() === 1);
  advance(10_000);
  assert.equal(await marks.mayBeKept(tenant, 'new'), false);
  assert.equal(await marks.mayBeKept(tenant, 'kept'), true);
  advance(600_000);
  assert.equal(await marks.mayBeKept(tenant, 'kept'), false, 'the answer has expired with its mark');
  assert.equal(asked(), 1);
});

test('over a database with answers the marks count when the last of these has expired', async () => {
  const { marks, advance, asked } = createMarks({ holds: true });
  await marks.mayBeKept(tenant, 'old');
  await waitFor('the database to be looked at', () => asked() === 1);
  advance(hourMs - 1);
  assert.equal(await marks.mayBeKept(tenant, 'old'), true);
  advance(10_000);
  assert.equal(await marks.mayBeKept(tenant, 'old'), false);
});

test('a store that has lost its memory cannot say', async () => {
  const { marks, store, advance, asked } = createMarks({ holds: false });
  await marks.mayBeKept(tenant, 'one');
  await waitFor('the database to be looked at', () => asked() === 1);
  advance(10_000);
  assert.equal(await marks.mayBeKept(tenant, 'one'), false);
  await store.delete(['cache-marks-complete-from']);
  advance(2_000);
  assert.equal(await marks.mayBeKept(tenant, 'one'), true);
});

test('a store that is away cannot say', async () => {
  const away = async () => Promise.reject(new StoreAway());
  const store = { get: away, set: away, setIfAbsent: away } as unknown as SharedStore;
  const { marks } = createMarks({ holds: false, store });
  marks.add(tenant, 'kept', 1_000);
  assert.equal(await marks.mayBeKept(tenant, 'one'), true);
});
