import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cleanup, closeInReverse } from './cleanup.ts';

/** An empty folder, removed after `t`. */
export async function createDataDir(t: Cleanup): Promise<string> {
  closeInReverse(t);
  const folder = await mkdtemp(join(tmpdir(), 'integration-service-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
