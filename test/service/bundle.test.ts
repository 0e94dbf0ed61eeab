/** The bundle as an image runs it: from a folder with nothing else, with write access only to its data folder. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createDataDir } from '../support/data-dir.ts';
import { startTestDatabase } from '../support/database.ts';
import { redisUrl } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const buildDeadlineMs = 60_000;

test('the bundle starts, serves and stops from an empty folder without write access', async (t) => {
  const app = await createDataDir(t);
  const dataDir = await createDataDir(t);
  await run(process.execPath, ['scripts/build.ts', app], { cwd: root, timeout: buildDeadlineMs });
  const { url: databaseUrl } = await startTestDatabase(t);
  const token = randomBytes(24).toString('hex');
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    RABBITMQ_URL: process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672',
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    JWT_SECRET: randomBytes(32).toString('hex'),
    SERVICE_TOKENS: `test:${token}`,
    EMULATOR: 'off',
  };
  // Node refuses every other file, like a read-only root file system with an unknown user.
  const limits = [
    '--permission',
    `--allow-fs-read=${app}`,
    `--allow-fs-read=${dataDir}`,
    `--allow-fs-write=${dataDir}`,
  ];
  const child = spawn(process.execPath, [...limits, 'main.mjs'], { cwd: app, env });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  await waitFor('the start', () => said.includes('"msg":"ready"') || child.exitCode !== null, 60_000);
  const url = /"url":"([^"]+)"/.exec(said)?.[1];
  assert.ok(url !== undefined, said);

  for (const path of [
    '/health',
    '/docs',
    '/docs/scalar.js',
    '/openapi.json',
    '/asyncapi.json',
    '/metrics',
    '/console',
  ]) {
    const reply = await fetch(url + path);
    assert.equal(reply.status, 200, path);
    assert.ok((await reply.arrayBuffer()).byteLength > 0, path);
  }
  const reply = await fetch(`${url}/api/v1/geocoding/geocode`, {
    method: 'POST',
    headers: {
      'x-service-token': token,
      'x-management-company-id': 'uk_company_1',
      'content-type': 'application/json',
    },
    body: '{"address":"Ташкент"}',
  });
  assert.equal(reply.status, 200, await reply.text());

  const doctor = await run(process.execPath, ['cli.mjs', 'doctor', '--url', url, '--json'], { cwd: app, env });
  assert.equal(JSON.parse(doctor.stdout).healthy, true, doctor.stdout);

  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null], said);
  const compiled = await readdir(join(dataDir, 'compile-cache'));
  assert.ok(
    compiled.some((name) => name.startsWith('program-')),
    'the compiled code is kept for the next start',
  );
});
