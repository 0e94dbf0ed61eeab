import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sharedStoreContract } from '../../../test/contracts/shared-store.ts';
import type { Cleanup } from '../../../test/support/cleanup.ts';
import { silentLogger } from '../../../test/support/database.ts';
import { busyMachineDeadlineMs, uniquePrefix } from '../../../test/support/redis.ts';
import { startRedisCluster, withoutRedisServer } from '../../../test/support/redis-cluster.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { openRedisStore } from './redis-store.ts';

describe('over a Redis cluster', { skip: withoutRedisServer() }, () => {
  let urls: readonly string[] = [];
  // One cluster for all: it takes seconds to agree with itself.
  let close = (): unknown => undefined;
  before(async () => {
    const cleanup: Cleanup = {
      after(hook) {
        close = hook as () => unknown;
      },
    };
    urls = await startRedisCluster(cleanup);
  });
  after(() => close());

  sharedStoreContract('Redis cluster store', async (t) => {
    const prefix = uniquePrefix();
    const open = async () => {
      const store = await openRedisStore({ urls, logger: silentLogger, prefix, deadlineMs: busyMachineDeadlineMs });
      t.after(() => store.close());
      await waitFor('the store to be connected', () => store.isAvailable());
      return store;
    };
    const [store, other] = [await open(), await open()];
    return { store, other, pass: (durationMs) => delay(durationMs * 2) };
  });

  test('a script runs on the node that has its keys, whichever that is', async (t) => {
    const store = await openRedisStore({
      urls,
      logger: silentLogger,
      prefix: uniquePrefix(),
      deadlineMs: busyMachineDeadlineMs,
    });
    t.after(() => store.close());
    await waitFor('the store to be connected', () => store.isAvailable());
    const script = { name: 'count', lua: `return redis.call('incr', KEYS[1]) + redis.call('incr', KEYS[2])` };
    for (const tag of ['a', 'b', 'c', 'd', 'e', 'f']) {
      assert.equal(await store.runScript(script, [`{${tag}}:one`, `{${tag}}:two`], []), 2);
    }
  });
});
