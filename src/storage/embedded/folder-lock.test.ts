import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { FolderInUse, lockFolder } from './folder-lock.ts';

test('of many who lock one folder at once, one succeeds and the others are told by whom', async (t) => {
  const folder = join(await createDataDir(t), 'new');
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected')
      assert.ok(result.reason instanceof FolderInUse && result.reason.processId === process.pid);
  }
});

test('a released folder can be locked again and nothing is left in it', async (t) => {
  const folder = await createDataDir(t);
  await (await lockFolder(folder)).release();
  await (await lockFolder(folder)).release();
  assert.deepEqual(await readdir(folder), []);
});

test('the lock of a process that is gone, or whose number another one has by now, is taken over', async (t) => {
  const folder = await createDataDir(t);
  const path = join(folder, 'in-use-by');
  for (const holder of [
    '{"processId": 4194304, "begin": null}',
    `{"processId": ${process.pid}, "begin": "another time"}`,
    '{"pro',
  ]) {
    await writeFile(path, holder);
    const lock = await lockFolder(folder);
    assert.equal(JSON.parse(await readFile(path, 'utf8')).processId, process.pid);
    await lock.release();
  }
});
