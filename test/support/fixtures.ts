/**
 * The recorded replies and payloads of real providers. They live beside the project, not in it: where that folder is
 * absent, the tests that need it say that they were skipped.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');

/** For a test's `skip` option: false where the recordings are there, else the reason. */
export const withoutRecordings: string | false = existsSync(folder)
  ? false
  : 'the recorded fixtures are not on this machine';

/** Throws where the file is absent, so that a renamed recording is noticed. */
export function readRecording(name: string): Buffer {
  return readFileSync(join(folder, name));
}

export function readRecordedJson<T = unknown>(name: string): T {
  return JSON.parse(readRecording(name).toString('utf8')) as T;
}

/** The names of a vendor's recordings, `index.json` and the like included. */
export function listRecordings(vendor: string): string[] {
  return existsSync(join(folder, vendor))
    ? readdirSync(join(folder, vendor)).filter((name) => name.endsWith('.json'))
    : [];
}
