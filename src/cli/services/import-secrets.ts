/** The secrets of an import: read from the environment, and compared with the stored ones. */
import { isDeepStrictEqual } from 'node:util';
import { destinationsOfRow } from '../../directory/destination.ts';
import type { ServiceDraft } from '../../directory/manage-services.ts';
import { type SecretTexts, secretMask, withSecretTexts } from '../../directory/secret-texts.ts';
import { openCredentials, openToCompare } from '../../directory/service-row.ts';
import { isObject } from '../../encodings/tolerant.ts';
import { openEnvironmentSecret } from '../../secrets/environment-secret.ts';
import { type Keyring, SealBroken } from '../../secrets/keyring.ts';
import type { ExternalServiceRow } from '../../storage/tables/external-services.ts';
import { CommandFailed } from '../command.ts';
import type { ServiceEntry } from './document.ts';

export interface SecretDeps {
  readonly keyring: Keyring;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The stored secrets of a service; `isKept` without a `plain` one: no key opens it. */
interface StoredSecrets {
  readonly api_key: { readonly isKept: boolean; readonly plain: unknown };
  readonly credentials: { readonly isKept: boolean; readonly plain: unknown };
  readonly texts: SecretTexts;
}

export function openStored(keyring: Keyring, row: ExternalServiceRow | null): StoredSecrets {
  if (row === null) {
    const none = { isKept: false, plain: undefined };
    return { api_key: none, credentials: none, texts: {} };
  }
  const apiKey = opened(() => openToCompare(keyring, row, { api_key: row.api_key, credentials: null })[0]);
  const credentials = opened(() => openCredentials(keyring, row));
  return {
    api_key: { isKept: row.api_key !== null, plain: apiKey },
    credentials: { isKept: row.credentials !== null && credentials?.own !== null, plain: credentials?.own },
    texts: credentials?.texts ?? {},
  };
}

function opened<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof SealBroken) return undefined; // It is replaced, or stays as it is.
    throw error;
  }
}

/**
 * The entry with values in place of `env:NAME`. A variable that is not set keeps the stored secret; a secret that the
 * file does not name is removed. Throws `CommandFailed`.
 */
export function withSecrets(deps: SecretDeps, entry: ServiceEntry, stored: StoredSecrets): Record<string, unknown> {
  const { api_key: apiKey, credentials, config, ...body } = entry;
  const name = entry.service_name;
  return {
    ...body,
    ...(config === undefined || isObject(config)
      ? { config: withTexts(deps, name, config ?? {}, stored.texts) }
      : { config }),
    ...secretOf(deps, name, 'api_key', apiKey, stored.api_key.isKept),
    ...secretOf(deps, name, 'credentials', credentials, stored.credentials.isKept),
  };
}

/** `env:NAME` may also stand in `headers` and `query`, for those of `secret_headers`. */
function withTexts(
  deps: SecretDeps,
  name: string,
  config: Readonly<Record<string, unknown>>,
  stored: SecretTexts,
): Record<string, unknown> {
  const read = withSecretTexts(config, (header, text, part) => {
    const variable = variableOf(text);
    if (variable === undefined) return text;
    const value = readVariable(deps, name, variable);
    if (value === null && stored[part]?.[header] === undefined)
      throw notSet(`${name}: config.${part}.${header}`, variable);
    return value ?? secretMask;
  });
  for (const part of ['headers', 'query'] as const) {
    const given = read[part] ?? {};
    if (stored[part] === undefined || !isObject(given)) continue;
    const removed = Object.keys(stored[part]).map((header) => [header, null] as const);
    read[part] = { ...Object.fromEntries(removed), ...given };
  }
  return read;
}

function secretOf(
  deps: SecretDeps,
  name: string,
  member: 'api_key' | 'credentials',
  value: unknown,
  isKept: boolean,
): Record<string, unknown> {
  if (value === undefined || value === null) return isKept ? { [member]: null } : {};
  const variable = typeof value === 'string' ? variableOf(value) : undefined;
  if (variable === undefined)
    throw new CommandFailed(`${name}: ${member} must be env:NAME, the name of an environment variable`);
  const secret = readVariable(deps, name, variable);
  if (secret !== null) return { [member]: secret };
  if (isKept) return {};
  throw notSet(`${name}: ${member}`, variable);
}

function variableOf(text: string): string | undefined {
  return /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
}

/** null if it is not set. A sealed value (`enc:…`) is opened, as in the service's own environment. */
function readVariable({ keyring, env }: SecretDeps, name: string, variable: string): string | null {
  const value = env[variable];
  if (value === undefined || value === '') return null;
  try {
    return openEnvironmentSecret(keyring, value);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new CommandFailed(
      `${name}: ${variable} cannot be opened with ENCRYPTION_KEYS: seal it again with "secret encrypt"`,
    );
  }
}

function notSet(place: string, variable: string): CommandFailed {
  return new CommandFailed(`${place} wants the environment variable ${variable}, which is not set`);
}

/** A secret equal to the stored one is no change, unless the service gets another host. */
export function withoutKnownSecrets(
  current: ExternalServiceRow | null,
  draft: ServiceDraft,
  stored: StoredSecrets,
): ServiceDraft {
  if (current === null) return draft;
  const known = new Set(destinationsOfRow(current));
  if (!destinationsOfRow(draft).every((destination) => known.has(destination))) return draft;
  const { api_key, credentials, ...rest } = draft;
  return {
    ...rest,
    config: withSecretTexts(draft.config, (name, text, part) =>
      text === stored.texts[part]?.[name] ? secretMask : text,
    ),
    ...(api_key === undefined || api_key === stored.api_key.plain ? {} : { api_key }),
    ...(credentials === undefined || isDeepStrictEqual(credentials, stored.credentials.plain) ? {} : { credentials }),
  };
}
