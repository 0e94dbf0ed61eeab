import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDataDir } from '../../test/support/data-dir.ts';
import { loadProgram } from './load-program.ts';

interface Program {
  readonly where: string;
  greet(name: string): string;
}

async function startWithProgram(t: TestContext) {
  const folder = await createDataDir(t);
  const dataDir = await createDataDir(t);
  writeFileSync(
    join(folder, 'program.cjs'),
    `const { basename } = require('node:path');
    exports.where = basename(__filename);
    exports.greet = (name) => 'Hello, ' + name;`,
  );
  const cacheFolder = join(dataDir, 'compile-cache');
  return {
    cacheFolder,
    kept: () => readdirSync(cacheFolder),
    load: (id = 'a', env: NodeJS.ProcessEnv = { DATA_DIR: dataDir }) => loadProgram<Program>(folder, id, env),
  };
}

/** Like a start: calls functions, which compiles them, and keeps the compiled code. */
function startOnce({ exports, keepCompiled }: ReturnType<typeof loadProgram<Program>>): void {
  assert.equal(exports.where, 'program.cjs');
  assert.equal(exports.greet('Алишер'), 'Hello, Алишер');
  keepCompiled();
}

test('a start uses what the one before compiled', async (t) => {
  const { load, kept } = await startWithProgram(t);
  const first = load();
  assert.equal(first.isCompiled, false);
  startOnce(first);
  const second = load();
  assert.equal(second.isCompiled, true);
  startOnce(second);
  assert.equal(kept().length, 1);
});

test('NODE_COMPILE_CACHE names the folder', async (t) => {
  const { load } = await startWithProgram(t);
  const env = { NODE_COMPILE_CACHE: await createDataDir(t), DATA_DIR: '/nowhere' };
  startOnce(load('a', env));
  assert.equal(load('a', env).isCompiled, true);
});

test('a new build is compiled, and its code replaces that of the old build', async (t) => {
  const { load, kept } = await startWithProgram(t);
  startOnce(load('a'));
  const other = load('b');
  assert.equal(other.isCompiled, false);
  startOnce(other);
  assert.equal(load('b').isCompiled, true);
  assert.equal(kept().length, 1);
});

test('damaged code is not run, and is replaced', async (t) => {
  const { load, kept, cacheFolder } = await startWithProgram(t);
  startOnce(load());
  const path = join(cacheFolder, kept()[0] as string);
  const bytes = readFileSync(path);
  for (const damaged of [bytes.subarray(0, bytes.length / 2), Buffer.alloc(0), Buffer.from(bytes).fill(7, 200, 210)]) {
    writeFileSync(path, damaged);
    const program = load();
    assert.equal(program.isCompiled, false);
    startOnce(program);
    assert.equal(load().isCompiled, true);
  }
});

test('without a folder that can be written the program runs all the same', async (t) => {
  const { load, cacheFolder } = await startWithProgram(t);
  writeFileSync(cacheFolder, 'a file in the place of the folder');
  startOnce(load());
  assert.equal(load().isCompiled, false);
  startOnce(load('a', {}));
  startOnce(load('a', { NODE_COMPILE_CACHE: '/proc/none' }));
});
