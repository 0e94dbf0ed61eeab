/** What every `SharedStore` must do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedStore } from '../../src/storage/redis/shared-store.ts';
import type { Cleanup } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

export interface SharedStoreUnderTest {
  readonly store: SharedStore;
  /** Another replica's view of the same store, or the same one if only one is possible. */
  readonly other: SharedStore;
  /** Advances the store's time by `durationMs`. */
  pass(durationMs: number): Promise<void>;
}

const bytes = (text: string): Buffer => Buffer.from(text);

export function sharedStoreContract(name: string, start: (t: Cleanup) => Promise<SharedStoreUnderTest>): void {
  test(`${name}: a value keeps its bytes`, async (t) => {
    const { store, other } = await start(t);
    const value = Buffer.from([0, 255, 10, 13, 34, 128]);
    await store.set('binary', value, 60_000);
    assert.deepEqual(await other.get('binary'), value);
    assert.equal(await store.get('absent'), null);
  });

  test(`${name}: many keys read in one turn each get their own value`, async (t) => {
    const { store } = await start(t);
    const keys = Array.from({ length: 1_200 }, (_, index) => `key-${index}`);
    await Promise.all(keys.filter((_, index) => index % 3 !== 0).map((key) => store.set(key, bytes(key), 60_000)));
    const values = await Promise.all([...keys, ...keys].map((key) => store.get(key)));
    for (const [index, value] of values.entries()) {
      const at = index % keys.length;
      assert.equal(value?.toString() ?? null, at % 3 === 0 ? null : keys[at]);
    }
  });

  test(`${name}: a value expires`, async (t) => {
    const { store, pass } = await start(t);
    await store.set('short', bytes('x'), 40);
    await pass(60);
    assert.equal(await store.get('short'), null);
  });

  test(`${name}: a deleted value is gone, and deleting a missing key is no error`, async (t) => {
    const { store } = await start(t);
    await store.set('one', bytes('1'), 60_000);
    await store.set('two', bytes('2'), 60_000);
    await store.delete(['one', 'two', 'never-there']);
    await store.delete([]);
    assert.equal(await store.get('one'), null);
    assert.equal(await store.get('two'), null);
  });

  test(`${name}: if many set a key if absent, one succeeds`, async (t) => {
    const { store, other } = await start(t);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store : other).setIfAbsent('lock', `holder-${index}`, 60_000),
      ),
    );
    assert.equal(answers.filter(Boolean).length, 1);
  });

  test(`${name}: a key set if absent is free after its expiry`, async (t) => {
    const { store, pass } = await start(t);
    assert.equal(await store.setIfAbsent('lock', 'a', 40), true);
    assert.equal(await store.setIfAbsent('lock', 'b', 40), false);
    await pass(60);
    assert.equal(await store.setIfAbsent('lock', 'b', 60_000), true);
  });

  test(`${name}: only the holder of a key deletes or extends it`, async (t) => {
    const { store, other, pass } = await start(t);
    await store.setIfAbsent('lock', 'mine', 40);
    assert.equal(await other.deleteIfEqual('lock', 'theirs'), false);
    assert.equal(await other.extendIfEqual('lock', 'theirs', 60_000), false);
    assert.equal(await store.extendIfEqual('lock', 'mine', 60_000), true);
    await pass(60);
    assert.equal(await store.deleteIfEqual('lock', 'mine'), true);
    assert.equal(await store.deleteIfEqual('lock', 'mine'), false);
    assert.equal(await store.extendIfEqual('lock', 'mine', 60_000), false);
  });

  test(`${name}: a counter sums over replicas and keeps the expiry of its first addition`, async (t) => {
    const { store, other, pass } = await start(t);
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).increment('sum', 2, 60_000)),
    );
    assert.equal(await store.increment('sum', -1, 60_000), 99);

    assert.equal(await store.increment('brief', 1, 40), 1);
    assert.equal(await store.increment('brief', 1, 60_000), 2);
    await pass(60);
    assert.equal(await store.increment('brief', 5, 60_000), 5);
  });

  test(`${name}: a message reaches every subscriber, also the publisher's, and none after it unsubscribed`, async (t) => {
    const { store, other } = await start(t);
    const heard: string[] = [];
    const leave = await store.subscribe('news', (message) => heard.push(`store ${message}`));
    await other.subscribe('news', (message) => heard.push(`other ${message}`));
    await other.subscribe('else', (message) => heard.push(`else ${message}`));
    await store.publish('news', 'one');
    await waitFor('both to hear', () => heard.length >= 2);
    assert.deepEqual(heard.toSorted(), ['other one', 'store one']);

    await leave();
    await other.publish('news', 'two');
    await waitFor('the other to hear', () => heard.length >= 3);
    await other.publish('news', 'three');
    await waitFor('the other to hear again', () => heard.length >= 4);
    assert.deepEqual(heard.slice(2), ['other two', 'other three']);
  });

  test(`${name}: a listener that throws does not affect the others`, async (t) => {
    const { store } = await start(t);
    const heard: (string | null)[] = [];
    await store.subscribe('news', () => {
      throw new Error('a fault of the listener');
    });
    await store.subscribe('news', (message) => heard.push(message));
    await store.publish('news', 'one');
    await waitFor('the other listener to hear', () => heard.length === 1);
  });

  test(`${name}: the store is available and counts at least this replica`, async (t) => {
    const { store } = await start(t);
    assert.equal(store.isAvailable(), true);
    assert.ok(store.replicasSeen() >= 1);
  });
}
