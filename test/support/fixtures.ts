/** Recorded provider replies, read from beside the project; tests that need them are skipped if they are missing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../../shared/fixtures');

export interface Fixture {
  readonly file: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string>>;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly bodyText?: string;
  };
}

/** False, or the reason to skip the tests with these fixtures: the value of a test's `skip` option. */
export const fixturesMissing: false | string = existsSync(folder)
  ? false
  : 'the recorded fixtures are not beside this checkout';

/** Every recorded exchange of one group (`google-geocode`), by file name; empty if fixtures are missing. */
export function readFixtures(group: string): readonly Fixture[] {
  if (fixturesMissing !== false) return [];
  return readdirSync(join(folder, group))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      file,
      ...(JSON.parse(readFileSync(join(folder, group, file), 'utf8')) as Omit<Fixture, 'file'>),
    }));
}

/** The bytes of a fixture's reply. */
export function bodyOf({ response }: Fixture): Buffer {
  return Buffer.from(response.bodyText ?? JSON.stringify(response.body));
}

/** The text of one file of a group; throws if it is missing, so that a renamed recording is noticed. */
export function readRecording(name: string): Buffer {
  return readFileSync(join(folder, name));
}

export function readRecordedJson<T = unknown>(name: string): T {
  return JSON.parse(readRecording(name).toString('utf8')) as T;
}

/** The names of a group's recordings; empty if fixtures are missing. */
export function listRecordings(group: string): string[] {
  if (fixturesMissing !== false) return [];
  return readdirSync(join(folder, group)).filter((name) => name.endsWith('.json'));
}
