/** Runs the commands of docs/sheets.md in a shell. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startTestService } from '../support/service.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/sheets.md'), 'utf8');

test('the commands of the page work: ensure, upsert twice, read by value', async (t) => {
  const app = await startTestService(t, { EMULATOR: 'on' });
  const script = [...page.matchAll(/```bash\n(.*?)```/gs)]
    .map(([, block = '']) => block)
    .join('\n')
    .replaceAll('http://localhost:8006', app.url)
    .replaceAll('uk_company_1', app.tenant)
    .replace('$(cat .data/service-token)', app.adminToken);
  const { stdout } = await promisify(execFile)('bash', ['-c', script]);
  const [ensured, first, second, read] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(ensured.created, true, stdout);
  assert.deepEqual([first.updated, first.inserted], [0, 1]);
  assert.deepEqual([second.updated, second.inserted, second.row_numbers], [1, 1, [2, 3]]);
  assert.ok(page.includes(`\`${JSON.stringify(read)}\``), JSON.stringify(read));
});
