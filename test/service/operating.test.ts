/** Runs every `bash` block of docs/operating.md, in one shell, against a new service. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createDataDir } from '../support/data-dir.ts';
import { startTestService } from '../support/service.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const deadlineMs = 100_000;

test('the page’s commands work in their order', async (t) => {
  const dataDir = await createDataDir(t);
  const service = await startTestService(t, {
    DATA_DIR: dataDir,
    JWT_SECRET: '',
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1:9',
  });
  const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');
  const blocks = [...page.matchAll(/^```bash\n([\s\S]*?)^```/gm)].map(([, block]) => block as string);
  assert.ok(blocks.length >= 9);
  const script = blocks
    .join('\n')
    .replace('http://localhost:8006', service.url)
    .replace('TENANT=uk_company_1', `TENANT=${service.tenant}`)
    // The script runs in the project's folder, but its files are written elsewhere.
    .replaceAll(/\bhouses\.(?=csv|geocoded)/g, `${join(dataDir, 'houses')}.`);
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    HOME: dataDir,
    DATA_DIR: dataDir,
    DATABASE_URL: service.database.url,
    MANAGEMENT_COMPANY_ID: service.tenant,
  };
  const shell = ['-eu', '-o', 'pipefail', '-c', script];
  const { stdout } = await run('bash', shell, { cwd: root, env, timeout: deadlineMs }).catch((error) => {
    assert.fail(`${error.message.slice(0, 200)}\n${error.stdout}\n${error.stderr}`);
  });
  for (const seen of [
    /"attempted_providers":\["google_reserve","offline_gazetteer"\]/,
    /"health_status":"(degraded|down)"/,
    /error +google_reserve geocode/,
    /"monthly_limit_usd":200/,
    /1,"Ташкент, улица Навои, 1",\d/,
    /Sealed \d+ secrets? anew/,
    /^enc:v1:/m,
    /Revoked /,
  ]) {
    assert.match(stdout, seen);
  }
});
