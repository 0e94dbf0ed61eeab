/** Recorded provider replies, read where they stand beside the project; tests that need them skip where they are absent. */
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

/** False, or why the tests over these fixtures must be skipped: the value of a test's `skip` option. */
export const fixturesMissing: false | string = existsSync(folder)
  ? false
  : 'the recorded fixtures are not beside this checkout';

/** Every recorded exchange of one group (`google-geocode`), by file name; empty where fixtures are absent. */
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

/** One file of a group as it stands; throws where it is absent, so that a renamed recording is noticed. */
export function readRecording(name: string): Buffer {
  return readFileSync(join(folder, name));
}

export function readRecordedJson<T = unknown>(name: string): T {
  return JSON.parse(readRecording(name).toString('utf8')) as T;
}

/** The names of a group's recordings; empty where fixtures are absent. */
export function listRecordings(group: string): string[] {
  if (fixturesMissing !== false) return [];
  return readdirSync(join(folder, group)).filter((name) => name.endsWith('.json'));
}
