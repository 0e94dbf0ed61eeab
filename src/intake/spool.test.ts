import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../test/support/database.ts';
import { sampleLog, sampleWebhook } from '../../test/support/intake-samples.ts';
import { findSmallDisk } from '../../test/support/small-disk.ts';
import { createMasker } from '../audit/mask.ts';
import { newId } from '../ids.ts';
import { createKeyring } from '../secrets/keyring.ts';
import { IntakeFull } from './intake.ts';
import { type PreparedRecord, prepareRecord } from './prepare.ts';
import { openSpool, type Spool } from './spool.ts';

const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spool-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function openTestSpool(path: string, options: { maxBytes?: number; segmentBytes?: number } = {}): Promise<Spool> {
  return openSpool({ path, keyring, logger: silentLogger, ...options });
}

function sampleRecord(requestId: string): PreparedRecord {
  return prepareRecord({ masker: createMasker(), origin: newId() }, { logs: [sampleLog({ requestId })] });
}

async function readAll(spool: Spool): Promise<string[]> {
  const ids: string[] = [];
  for (let batch = await spool.next(); batch !== null; batch = await spool.next()) {
    ids.push(...batch.records.map(({ logs }) => logs[0]?.request_id ?? ''));
    await batch.done();
  }
  return ids;
}

async function segmentFiles(path: string, extension = '.seg'): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter(({ name }) => name.endsWith(extension)).map(({ parentPath, name }) => join(parentPath, name));
}

test('groups are read once each, in order, over several segments, and no file is left', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path, { segmentBytes: 4_000 });
  t.after(() => spool.close());
  const expected = Array.from({ length: 50 }, (_, index) => `r${index}`);
  for (const id of expected) await spool.append([sampleRecord(id)]);
  assert.ok((await segmentFiles(path)).length > 3);
  assert.deepEqual(await readAll(spool), expected);
  assert.ok(spool.isEmpty());
  assert.deepEqual(await segmentFiles(path), []);
});

test('appending during reading loses no record', async (t) => {
  const spool = await openTestSpool(await temporaryFolder(t), { segmentBytes: 3_000 });
  t.after(() => spool.close());
  const expected = Array.from({ length: 100 }, (_, index) => `r${index}`);
  const appending = (async () => {
    for (const id of expected) await spool.append([sampleRecord(id)]);
  })();
  const seen: string[] = [];
  while (seen.length < expected.length) {
    seen.push(...(await readAll(spool)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await appending;
  assert.deepEqual(seen, expected);
});

test('the files on the disk do not contain the records in plain text', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path);
  t.after(() => spool.close());
  await spool.append([sampleRecord('a-telling-request-id')]);
  const [file] = await segmentFiles(path);
  const bytes = await readFile(file as string);
  assert.ok(!bytes.includes('a-telling-request-id'));
  assert.ok(!bytes.includes('google_maps'));
});

test('a torn tail is cut off, and the acknowledged groups before it are read', async (t) => {
  const path = await temporaryFolder(t);
  const first = await openTestSpool(path);
  await first.append([sampleRecord('a')]);
  await first.append([sampleRecord('b')]);
  await first.close();
  const [file] = (await segmentFiles(path)) as [string];
  const whole = await readFile(file);
  for (const tail of [whole.subarray(0, 5), whole.subarray(0, 40), Buffer.alloc(100)]) {
    await truncate(file, whole.length);
    await appendFile(file, tail);
    const path2 = await temporaryFolder(t);
    await rm(path2, { recursive: true });
    await cp(path, path2, { recursive: true, preserveTimestamps: true });
    const second = await openTestSpool(path2);
    assert.deepEqual(await readAll(second), ['a', 'b']);
    await second.close();
    assert.deepEqual(await readdir(path2), []);
  }
});

test('the file of a damaged group is kept, and the groups after it are read', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path);
  t.after(() => spool.close());
  for (const id of ['a', 'b', 'c']) await spool.append([sampleRecord(id)]);
  const [file] = (await segmentFiles(path)) as [string];
  const frameBytes = (await readFile(file)).length / 3;
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([0xff]), 0, 1, Math.round(frameBytes * 1.5));
  await handle.close();
  assert.deepEqual(await readAll(spool), ['a', 'c']);
  assert.equal((await segmentFiles(path, '.damaged')).length, 1);
});

test('at its bound the spool refuses records, and accepts them again after a drain', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path, { maxBytes: 5_000, segmentBytes: 2_000 });
  t.after(() => spool.close());
  let taken = 0;
  await assert.rejects(async () => {
    for (;;) {
      await spool.append([sampleRecord(`r${taken}`)]);
      taken += 1;
    }
  }, IntakeFull);
  const sizes = await Promise.all((await segmentFiles(path)).map(async (file) => (await stat(file)).size));
  assert.ok(sizes.reduce((sum, size) => sum + size) <= 5_000);
  assert.equal((await readAll(spool)).length, taken);
  await spool.append([sampleRecord('again')]);
});

test('a process whose folder was taken over starts a new one before it acknowledges', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path);
  await spool.append([sampleRecord('a')]);
  const [folder] = await readdir(path);
  await rm(join(path, folder as string), { recursive: true }); // To the process, the folder is gone.
  await spool.append([sampleRecord('b')]);
  assert.deepEqual(await readAll(spool), ['b']);
  await spool.close();
});

/** Moves the folder as a process does that considers its owner dead. */
async function takeAway(t: TestContext, path: string): Promise<void> {
  const elsewhere = await temporaryFolder(t);
  for (const folder of await readdir(path)) await rename(join(path, folder), join(elsewhere, folder));
}

test('a process whose folder was taken over while empty still accepts records', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path);
  await takeAway(t, path);
  await spool.append([sampleRecord('a')]);
  assert.deepEqual(await readAll(spool), ['a']);
  await spool.close();
});

test('a process whose folder was taken over leaves its old records to the other process, and continues', async (t) => {
  const path = await temporaryFolder(t);
  const before = await openTestSpool(path);
  await before.append([sampleRecord('a')]);
  await before.close();
  const spool = await openTestSpool(path); // Its only file is not open for appending.
  await takeAway(t, path);
  assert.equal(await spool.next(), null);
  assert.ok(spool.isEmpty());
  await spool.append([sampleRecord('b')]);
  assert.deepEqual(await readAll(spool), ['b']);
  await spool.close();
});

test('the records of several dead processes are read in the order of all', async (t) => {
  const path = await temporaryFolder(t);
  const dead = [];
  for (const id of ['a', 'b', 'c']) {
    const spool = await openTestSpool(path);
    await spool.append([sampleRecord(id)]);
    dead.push(spool);
  }
  for (const spool of dead) await spool.close();
  const spool = await openTestSpool(path);
  assert.deepEqual(await readAll(spool), ['a', 'b', 'c']);
  await spool.close();
});

test('after many crashes in a row, the next process starts and reads the records of the first', async (t) => {
  const path = await temporaryFolder(t);
  const first = await openTestSpool(path);
  await first.append([sampleRecord('a')]);
  await first.close();
  for (let deaths = 0; deaths < 110; deaths++) {
    await openTestSpool(path);
    for (const folder of await readdir(path)) await utimes(join(path, folder, 'owner.json'), 0, 0);
  }
  const last = await openTestSpool(path);
  assert.deepEqual(await readAll(last), ['a']);
  await last.close();
  assert.deepEqual(await readdir(path), []);
});

test('a record that is spooled during a takeover is read once', async (t) => {
  for (let turns = 0; turns < 30; turns++) {
    const path = await temporaryFolder(t);
    const dead = await openTestSpool(path);
    const spool = await openTestSpool(path);
    await dead.append([sampleRecord('dead')]);
    await dead.close();
    const takenOver = spool.takeOverDead();
    for (let turn = 0; turn < turns % 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([takenOver, spool.append([sampleRecord('own')])]);
    assert.deepEqual((await readAll(spool)).sort(), ['dead', 'own']);
    await spool.close();
  }
});

test('two living processes drain only their own folders', async (t) => {
  const path = await temporaryFolder(t);
  const first = await openTestSpool(path);
  const second = await openTestSpool(path);
  await first.append([sampleRecord('first')]);
  await second.append([sampleRecord('second')]);
  await second.takeOverDead();
  assert.deepEqual(await readAll(second), ['second']);
  assert.deepEqual(await readAll(first), ['first']);
  await first.close();
  await second.close();
});

test('records set aside stay on the disk and are not read again', async (t) => {
  const path = await temporaryFolder(t);
  const spool = await openTestSpool(path);
  await spool.setAside([prepareRecord({ masker: createMasker(), origin: newId() }, { webhookEvent: sampleWebhook() })]);
  assert.equal(await spool.next(), null);
  await spool.close();
  const [refused, ...others] = await segmentFiles(path, '.refused');
  assert.deepEqual(others, []);
  assert.ok(refused !== undefined && (await stat(refused)).size > 0);
});

const appendForever = `
import { createKeyring } from '${new URL('../secrets/keyring.ts', import.meta.url).href}';
import { openSpool } from '${new URL('./spool.ts', import.meta.url).href}';
const logger = new Proxy({}, { get: () => () => undefined });
const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);
const spool = await openSpool({ path: process.argv[1], keyring, logger, segmentBytes: 20000 });
const record = (id) => ({ webhook: null, logs: [{ request_id: id }], bodies: [], usage: [], events: [] });
for (let n = 0; ; n++) {
  await spool.append([record(process.argv[2] + '-' + n + 'a'), record(process.argv[2] + '-' + n + 'b')]);
  process.stdout.write(process.argv[2] + '-' + n + '\\n');
}`;

test('after SIGKILL during appends, each acknowledged record is read once, in order', async (t) => {
  const path = await temporaryFolder(t);
  const acknowledged: string[] = [];
  for (const life of ['x', 'y', 'z']) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', appendForever, path, life], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let count = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      if (++count === 60) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  const spool = await openTestSpool(path);
  const found = await readAll(spool);
  await spool.close();
  assert.equal(new Set(found).size, found.length);
  const places = acknowledged.flatMap((id) => [found.indexOf(`${id}a`), found.indexOf(`${id}b`)]);
  assert.ok(!places.includes(-1));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.deepEqual(await readdir(path), []);
});

const fillThenStartAgain = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createKeyring } from '${new URL('../secrets/keyring.ts', import.meta.url).href}';
import { openSpool } from '${new URL('./spool.ts', import.meta.url).href}';
const logger = new Proxy({}, { get: () => () => undefined });
const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);
const [program, path, life] = process.argv.slice(1);
if (life === 'first') {
  const spool = await openSpool({ path, keyring, logger });
  let taken = 0;
  const record = () => ({ webhook: null, logs: [{ request_id: 'r' + taken }], bodies: [], usage: [], events: [] });
  try {
    for (;; taken++) await spool.append([record()]);
  } catch {
    process.stdout.write(taken + ' ', () => process.kill(process.pid, 'SIGKILL'));
  }
} else {
  const first = spawn(process.execPath, ['--input-type=module', '-e', program, program, path, 'first'], { stdio: 'inherit' });
  await once(first, 'exit');
  const spool = await openSpool({ path, keyring, logger });
  let found = 0;
  for (let batch = await spool.next(); batch !== null; batch = await spool.next()) {
    found += batch.records.length;
    await batch.done();
  }
  await spool.append([{ webhook: null, logs: [], bodies: [], usage: [], events: [] }]);
  process.stdout.write(found + ' and room again');
  await spool.close();
}`;

test('after a crash with a full disk, the next process starts and drains the records that fill it', async (t) => {
  const disk = findSmallDisk();
  if (disk.kind !== 'small file system') return t.skip('a small file system cannot be mounted here');
  const folder = await temporaryFolder(t);
  const [program = '', ...args] = disk.launcher(folder);
  const node = [process.execPath, '--input-type=module', '-e', fillThenStartAgain, fillThenStartAgain];
  const child = spawn(program, [...args, ...node, join(folder, 'spool')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await once(child, 'close');
  assert.match(said, /^([1-9]\d*) \1 and room again$/);
});
