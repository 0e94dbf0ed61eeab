import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { FolderInUse, lockFolder } from './folder-lock.ts';
import { processBegin } from './processes.ts';

test('of many that lock one folder at once, one succeeds and the others name its process', async (t) => {
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

test('the lock of a killed process that its parent has not noticed yet is taken over', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await createDataDir(t);
  // The shell starts a child and becomes a program that waits for no child: killed, the child stays a zombie.
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const processId = Number(String(line));
  const statOf = () => readFile(`/proc/${processId}/stat`, 'utf8');
  // Only when the shell is gone does no process wait for the child.
  await waitFor(
    'the shell to become sleep',
    async () => (await readFile(`/proc/${parent.pid}/comm`, 'utf8')).trim() === 'sleep',
  );
  await writeFile(join(folder, 'in-use-by'), JSON.stringify({ processId, begin: processBegin(processId) }));
  await assert.rejects(lockFolder(folder), FolderInUse);
  process.kill(processId, 'SIGKILL');
  await waitFor('the zombie', async () => (await statOf()).includes(') Z '));
  await (await lockFolder(folder)).release();
});
