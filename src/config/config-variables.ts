/** Parses single variables of the environment, and reports invalid ones. */
import { createPublicKey } from 'node:crypto';
import { parseRange } from '../ip-range.ts';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** A service token from `SERVICE_TOKENS`. */
export interface BootstrapToken {
  readonly name: string;
  readonly token: string;
  /** null: all tenants. */
  readonly tenants: readonly string[] | null;
}

export type JwtVerification =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'public-key'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string }
  | { readonly kind: 'generated' };

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type Env = Readonly<Record<string, string | undefined>>;

/** The form of tenant ids in settings. */
export const tenantPattern = /^[A-Za-z0-9_-]{1,50}$/;

const logLevels: Readonly<Record<string, LogLevel>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  FATAL: 'fatal',
  SILENT: 'silent',
};

export type Reader = ReturnType<typeof createReader>;

/** Creates readers for each type of value. An invalid value adds a line to `problems` and is read as the default. */
export function createReader(env: Env, problems: string[]) {
  /** An empty variable counts as absent: compose files pass `X=` for unset ones. */
  const text = (name: string): string | null => {
    const value = env[name]?.trim();
    return value === undefined || value === '' ? null : value;
  };
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const value = text(name);
    if (value === null) return fallback;
    const parsed = Number(value);
    if (!Number.isFinite(parsed) || parsed < min || parsed > max) {
      problems.push(`${name} must be a number from ${min} to ${max}`);
      return fallback;
    }
    return parsed;
  };
  const url = (name: string, protocols: readonly string[]): string | null => {
    const value = text(name);
    if (value === null) return null;
    if (isUrlOf(value, protocols)) return value;
    problems.push(`${name} must be a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
    return null;
  };
  return {
    text,
    number,
    url,
    integer(name: string, fallback: number, min: number, max: number): number {
      const value = number(name, fallback, min, max);
      if (Number.isInteger(value)) return value;
      problems.push(`${name} must be a whole number`);
      return fallback;
    },
    urls(name: string, protocols: readonly string[]): readonly string[] | null {
      const value = text(name);
      if (value === null) return null;
      const parts = partsOf(value);
      // Further nodes of a cluster may be given as host:port after the first URL.
      const complete = parts.map((part, index) =>
        index === 0 || part.includes('://') ? part : `${protocols[0]}//${part}`,
      );
      if (complete.length > 0 && complete.every((part) => isUrlOf(part, protocols))) return complete;
      problems.push(
        `${name} must be one or more URLs beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
      );
      return null;
    },
    choice(name: string, choices: readonly string[], fallback: string): string {
      const value = text(name)?.toLowerCase();
      if (value === undefined) return fallback;
      if (choices.includes(value)) return value;
      problems.push(`${name} must be one of ${choices.join(', ')}`);
      return fallback;
    },
    flag(name: string, fallback: boolean): boolean {
      const value = text(name)?.toLowerCase();
      if (value === undefined) return fallback;
      if (['true', '1', 'yes', 'on'].includes(value)) return true;
      if (['false', '0', 'no', 'off'].includes(value)) return false;
      problems.push(`${name} must be true or false`);
      return fallback;
    },
    matching(name: string, pattern: RegExp, fault: string): string | null {
      const value = text(name);
      if (value === null || pattern.test(value)) return value;
      problems.push(`${name} ${fault}`);
      return null;
    },
  };
}

/** Whether the text is a URL with one of these protocols. */
export function isUrlOf(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

/** Reads `REDIS_URL`. A path that is not a number is refused: it would be ignored, and database 0 used. */
export function readRedisUrls(read: Reader, problems: string[]): readonly string[] | null {
  const urls = read.urls('REDIS_URL', ['redis:', 'rediss:']);
  if (urls?.some((url) => !/^\/?\d*$/.test(new URL(url).pathname))) {
    problems.push('REDIS_URL: its path must be the number of a database, as in redis://host:6379/3');
  }
  return urls;
}

/**
 * Reads `PUBLIC_BASE_URL`, without a trailing slash. Paths are appended to it, so it must have no query or fragment.
 */
export function readPublicBaseUrl(read: Reader, problems: string[]): string | null {
  const value = read.url('PUBLIC_BASE_URL', ['http:', 'https:']);
  if (value === null) return null;
  const { search, hash, username, password } = new URL(value);
  if (search !== '' || hash !== '' || username !== '' || password !== '') {
    problems.push('PUBLIC_BASE_URL must have no query, no fragment and no user: paths are appended to it');
  }
  return value.replace(/\/+$/, '');
}

/** Reads `CONSOLE_TILE_URL`, the address of map tiles with the placeholders `{z}`, `{x}` and `{y}`. */
export function readTileUrl(read: Reader, problems: string[]): string | null {
  const value = read.text('CONSOLE_TILE_URL');
  if (value === null) return null;
  const isTemplate = ['{z}', '{x}', '{y}'].every((part) => value.includes(part));
  // A quote, a space or a semicolon would end the page's security policy early.
  if (!isTemplate || !/^https?:\/\/[A-Za-z0-9.{}-]+(:\d+)?\/[^\s;,'"]*$/.test(value)) {
    problems.push('CONSOLE_TILE_URL must be an http(s) address that contains {z}, {x} and {y}');
    return null;
  }
  return value;
}

/** Reads `ENCRYPTION_KEYS`; null if it is not set. */
export function readEncryptionKeys(read: Reader, problems: string[]): EncryptionKey[] | null {
  const value = read.text('ENCRYPTION_KEYS');
  if (value === null) return null;
  const keys: EncryptionKey[] = [];
  for (const [index, part] of value.split(',').entries()) {
    const match = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(part);
    const key = Buffer.from(match?.[2] ?? '', 'base64');
    if (match === null || key.length !== 32)
      problems.push(`ENCRYPTION_KEYS: part ${index + 1} must be id:base64-of-32-bytes`);
    else if (keys.some(({ id }) => id === match[1]))
      problems.push(`ENCRYPTION_KEYS: the id "${match[1]}" is used twice`);
    else keys.push({ id: match[1] as string, key });
  }
  return keys;
}

/** Reads `SERVICE_TOKENS`. */
export function readBootstrapTokens(read: Reader, problems: string[]): BootstrapToken[] {
  const tokens: BootstrapToken[] = [];
  for (const [index, part] of (read.text('SERVICE_TOKENS')?.split(',') ?? []).entries()) {
    const [name = '', token = '', tenants, ...rest] = part.trim().split(':');
    const tenantList = tenants === undefined ? null : tenants.split('|');
    if (name === '' || token === '' || rest.length > 0) {
      problems.push(`SERVICE_TOKENS: part ${index + 1} must be name:token or name:token:tenant|tenant`);
    } else if (tenantList?.some((tenant) => !tenantPattern.test(tenant))) {
      problems.push(`SERVICE_TOKENS: the tenants of "${name}" must each be 1 to 50 of A-Z, a-z, 0-9, _ and -`);
    } else if (tokens.some((other) => other.token === token)) {
      problems.push(`SERVICE_TOKENS: "${name}" has the token of another name`);
    } else {
      tokens.push({ name, token, tenants: tenantList });
    }
  }
  return tokens;
}

/** Reads how admin tokens are verified: `JWT_SECRET`, `JWT_PUBLIC_KEY` or `JWT_JWKS_URL`. */
export function readJwtVerification(read: Reader, problems: string[]): JwtVerification {
  const secret = read.text('JWT_SECRET');
  const pem = read.text('JWT_PUBLIC_KEY')?.replaceAll('\\n', '\n') ?? null;
  const jwks = read.url('JWT_JWKS_URL', ['http:', 'https:']);
  const given = [secret, pem, jwks].filter((value) => value !== null).length;
  if (given > 1) problems.push('JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL contradict each other: set one of them');
  if (pem !== null && !isPublicKeyPem(pem)) {
    problems.push('JWT_PUBLIC_KEY must be the PEM text of an RSA, P-256 or Ed25519 public key');
  }
  if (secret !== null) return { kind: 'secret', secret };
  if (pem !== null) return { kind: 'public-key', pem };
  if (jwks !== null) return { kind: 'jwks', url: jwks };
  return { kind: 'generated' };
}

/** Accepts only key types with a single algorithm, so that a token never chooses the algorithm. */
function isPublicKeyPem(pem: string): boolean {
  if (pem.includes('PRIVATE KEY')) return false;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    if (asymmetricKeyType === 'ec') return asymmetricKeyDetails?.namedCurve === 'prime256v1';
    return asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

/** Reads a comma-separated list. */
export function readList(read: Reader, name: string): string[] {
  return partsOf(read.text(name) ?? '');
}

function partsOf(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Reads CIDRs and addresses; with `hostAndPortToo` also `host:port`. `off` is an empty list. */
export function readCidrs(read: Reader, problems: string[], name: string, hostAndPortToo: boolean): string[] {
  const value = read.text(name);
  if (value === null || value.toLowerCase() === 'off') return [];
  const parts = partsOf(value);
  for (const part of parts) {
    const isCidr = parseRange(part) !== null;
    const port = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+):(\d{1,5})$/i.exec(part)?.[1];
    const isHostAndPort = port !== undefined && Number(port) > 0 && Number(port) <= 65_535;
    if (!isCidr && !(hostAndPortToo && isHostAndPort)) {
      problems.push(`${name}: "${part}" is not a CIDR${hostAndPortToo ? ' or host:port' : ''}`);
    }
  }
  return parts;
}

/** Reads `LOG_LEVEL`. */
export function readLogLevel(read: Reader, problems: string[]): LogLevel {
  const level = logLevels[(read.text('LOG_LEVEL') ?? 'INFO').toUpperCase()];
  if (level !== undefined) return level;
  problems.push('LOG_LEVEL must be one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, SILENT');
  return 'info';
}

/** Reads `SECURITY_CONTACT`: where vulnerabilities are reported (RFC 9116, 2.5.3). */
export function readContacts(read: Reader, problems: string[]): string[] {
  const contacts = readList(read, 'SECURITY_CONTACT');
  if (contacts.some((contact) => !/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+[\d-]+)$/.test(contact))) {
    problems.push('SECURITY_CONTACT must be addresses beginning with mailto:, https:// or tel:, comma-separated');
  }
  return contacts;
}
