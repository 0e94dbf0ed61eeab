/**
 * The console uses only what the API describes: its types are generated from /openapi.json, and it is type-checked
 * against them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { renderApiTypes } from '../scripts/write-api-types.ts';
import { createDataDir } from '../test/support/data-dir.ts';
import { startTestService } from '../test/support/service.ts';

const root = join(import.meta.dirname, '..');
const checkDeadlineMs = 60_000;

test('the console matches the answers that /openapi.json describes', async (t: TestContext) => {
  const service = await startTestService(t);
  const document = await (await fetch(`${service.url}/openapi.json`)).json();
  const folder = await createDataDir(t);
  await cp(join(root, 'console/src'), join(folder, 'console/src'), { recursive: true });
  for (const file of ['tsconfig.json', 'console/tsconfig.json']) await cp(join(root, file), join(folder, file));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'console/src/api/schema.ts'), renderApiTypes(document as never));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const faults = await promisify(execFile)(process.execPath, [compiler, '-p', join(folder, 'console')], {
    timeout: checkDeadlineMs,
  }).then(
    () => '',
    (error: { stdout?: string }) => error.stdout || String(error),
  );
  assert.equal(faults, '');
});
