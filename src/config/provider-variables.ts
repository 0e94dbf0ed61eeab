/** Reads the providers' variables from the environment; each adapter's facts list them. */
import { environmentAdapters } from '../providers/registry.ts';
import type { EnvironmentCredential } from '../providers/vendor-facts.ts';
import type { Reader } from './config-variables.ts';

export interface ProviderVariables {
  /** An API key, plain or `enc:…`, or the JSON text of a service account; null: none. */
  readonly credential: string | null;
  readonly baseUrl: string | null;
}

/** Reads the variables of each adapter that the environment may register. */
export function readProviders(
  read: Reader,
  problems: string[],
  readFile: (path: string) => string,
): Readonly<Record<string, ProviderVariables>> {
  const entries = environmentAdapters.map(({ name, facts }): [string, ProviderVariables] => {
    const { credential, baseUrl } = facts.environment ?? { credential: { kind: 'none' }, baseUrl: null };
    return [
      name,
      {
        credential: readCredential(credential, read, problems, readFile),
        baseUrl: baseUrl === null ? null : read.url(baseUrl.variable, ['http:', 'https:']),
      },
    ];
  });
  return Object.fromEntries(entries);
}

function readCredential(
  credential: EnvironmentCredential,
  read: Reader,
  problems: string[],
  readFile: (path: string) => string,
): string | null {
  if (credential.kind === 'api-key') return read.text(credential.variable);
  if (credential.kind !== 'service-account') return null;
  const path = read.text(credential.variable);
  if (path === null) return null;
  try {
    const text = readFile(path);
    const fault = credential.faultOf(JSON.parse(text));
    if (fault === null) return text;
    problems.push(`${credential.variable}: ${fault}`);
  } catch (error) {
    problems.push(`${credential.variable}: ${describeUnreadable(error)}`);
  }
  return null;
}

/** Describes the error without the file's text, which a parser's message would quote. */
function describeUnreadable(error: unknown): string {
  if (error instanceof SyntaxError) return 'the file is not valid JSON';
  const { code } = error as { code?: unknown };
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read by the user that runs this program';
  return 'the file cannot be read';
}
