import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDataDir } from '../../test/support/data-dir.ts';
import { makeFolder } from './make-folder.ts';

test('folders are made with those above them, for their owner alone, and found there the second time', async (t) => {
  const root = await createDataDir(t);
  const path = join(root, 'a', 'b');
  makeFolder(path);
  makeFolder(path);
  for (const made of [path, join(root, 'a')]) assert.equal(statSync(made).mode & 0o777, 0o700);
});

test('a place where no folder can be made is refused at once', { skip: process.platform !== 'linux' }, () => {
  assert.throws(() => makeFolder('/proc/no-folder/below'), { code: 'ENOENT' });
  assert.throws(() => makeFolder('/dev/null/below'), { code: 'ENOTDIR' });
});

test('a file is no folder', async (t) => {
  const path = join(await createDataDir(t), 'file');
  writeFileSync(path, '');
  assert.throws(() => makeFolder(path), /is not a folder/);
});
