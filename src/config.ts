/** The only reader of the environment. `parseConfig` returns a frozen `Config`, or throws one error naming every fault. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface BootstrapToken {
  readonly name: string;
  readonly token: string;
  /** null: every tenant. */
  readonly tenants: readonly string[] | null;
}

export type JwtVerification =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'public-key'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string }
  | { readonly kind: 'generated' };

export type EmulatorMode = 'auto' | 'on' | 'off';

export interface Config {
  readonly production: boolean;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Without a trailing slash. */
    readonly publicBaseUrl: string;
    /** CIDRs whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    readonly metricsToken: string | null;
  };
  /** null: embedded, under `dataDir`. */
  readonly databaseUrl: string | null;
  /** null: in-process. More than one: cluster nodes. */
  readonly redisUrls: readonly string[] | null;
  /** null: in-process. */
  readonly rabbitmqUrls: readonly string[] | null;
  readonly dataDir: string;
  /** The tenant that the environment's provider credentials are registered for. */
  readonly defaultTenant: string;
  readonly providers: {
    /** The service-account JSON as text, read from `GOOGLE_SHEETS_CREDENTIALS_PATH`. */
    readonly googleSheetsCredentials: string | null;
    /** Plain, or `enc:…`. */
    readonly googleMapsApiKey: string | null;
    readonly yandexMapsApiKey: string | null;
    readonly googleSheetsBaseUrl: string | null;
    readonly googleMapsBaseUrl: string | null;
    readonly yandexMapsBaseUrl: string | null;
  };
  readonly emulator: EmulatorMode;
  /** null: generated in `dataDir` (development only). */
  readonly encryptionKeys: readonly EncryptionKey[] | null;
  readonly bootstrapTokens: readonly BootstrapToken[];
  readonly jwt: {
    readonly verification: JwtVerification;
    readonly issuer: string | null;
    readonly audience: string | null;
  };
  /** CIDRs or `host:port` that outbound calls may reach inside private ranges. */
  readonly outboundAllowedNetworks: readonly string[];
  /** Calls per minute and tenant. */
  readonly familyLimits: { readonly sheets: number; readonly geocoding: number; readonly webhooks: number };
  readonly cache: {
    readonly l1TtlSeconds: number;
    readonly l2TtlSeconds: number;
    readonly sheetsTtlSeconds: number;
    readonly geocodingTtlSeconds: number;
  };
  readonly logRetentionDays: number;
  /** Further names of headers, parameters and JSON members whose values the audit log must not keep. */
  readonly maskedFields: readonly string[];
  readonly healthCheckIntervalSeconds: number;
  /** Each outbound attempt. */
  readonly requestTimeoutMs: number;
  /** Repeats at one provider, beyond its first attempt. */
  readonly requestMaxRetries: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}

/** Every fault of the environment, one line each, naming the variable and never its secret value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

const tenantPattern = /^[A-Za-z0-9_-]{1,50}$/;
/** Values that stand in examples and tutorials; production must not run on them. */
const wellKnownSecrets = new Set([
  'secret',
  'changeme',
  'change-me',
  'password',
  'default',
  'test',
  'dev',
  'your-secret-key',
  'supersecret',
]);
const logLevels: Readonly<Record<string, Config['logLevel']>> = {
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

/**
 * Reads the environment once. `readFile` is injected so that a test needs no files.
 *
 * Throws `ConfigError` with every fault at once.
 */
export function parseConfig(
  env: Env,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Config {
  const problems: string[] = [];
  const read = createReader(env, problems);

  const production = read.choice('NODE_ENV', ['development', 'production', 'test'], 'development') === 'production';
  const port = read.integer('PORT', 8006, 0, 65_535);
  const databaseUrl = readDatabaseUrl(read, problems);
  const redisUrls = read.urls('REDIS_URL', ['redis:', 'rediss:']);
  const rabbitmqUrls = read.urls('RABBITMQ_URL', ['amqp:', 'amqps:']);
  const encryptionKeys = readEncryptionKeys(read, problems);
  const bootstrapTokens = readBootstrapTokens(read, problems);
  const verification = readJwtVerification(read, problems);
  const emulator = read.choice('EMULATOR', ['auto', 'on', 'off'], 'auto') as EmulatorMode;
  const debug = read.flag('DEBUG', false);

  const config: Config = {
    production,
    http: {
      host: read.text('HOST') ?? '0.0.0.0',
      port,
      publicBaseUrl: (read.url('PUBLIC_BASE_URL', ['http:', 'https:']) ?? `http://localhost:${port}`).replace(
        /\/+$/,
        '',
      ),
      trustedProxies: readCidrs(read, problems, 'TRUST_PROXY', false),
      metricsToken: read.text('METRICS_TOKEN'),
    },
    databaseUrl,
    redisUrls,
    rabbitmqUrls,
    dataDir: read.text('DATA_DIR') ?? './.data',
    defaultTenant:
      read.matching('MANAGEMENT_COMPANY_ID', tenantPattern, 'must be 1 to 50 of A-Z, a-z, 0-9, _ and -') ??
      'uk_company_1',
    providers: {
      googleSheetsCredentials: readCredentialsFile(read, problems, readFile),
      googleMapsApiKey: read.text('GOOGLE_MAPS_API_KEY'),
      yandexMapsApiKey: read.text('YANDEX_MAPS_API_KEY'),
      googleSheetsBaseUrl: read.url('GOOGLE_SHEETS_BASE_URL', ['http:', 'https:']),
      googleMapsBaseUrl: read.url('GOOGLE_MAPS_BASE_URL', ['http:', 'https:']),
      yandexMapsBaseUrl: read.url('YANDEX_MAPS_BASE_URL', ['http:', 'https:']),
    },
    emulator,
    encryptionKeys,
    bootstrapTokens,
    jwt: { verification, issuer: read.text('JWT_ISSUER'), audience: read.text('JWT_AUDIENCE') },
    outboundAllowedNetworks: readCidrs(read, problems, 'OUTBOUND_ALLOWED_NETWORKS', true),
    familyLimits: {
      sheets: read.integer('RATE_LIMIT_SHEETS_PER_MINUTE', 100, 1, 1_000_000),
      geocoding: read.integer('RATE_LIMIT_GEOCODING_PER_MINUTE', 50, 1, 1_000_000),
      webhooks: read.integer('RATE_LIMIT_WEBHOOKS_PER_MINUTE', 200, 1, 1_000_000),
    },
    cache: {
      l1TtlSeconds: read.integer('CACHE_L1_TTL_SECONDS', 300, 0, 2_592_000),
      l2TtlSeconds: read.integer('CACHE_L2_TTL_SECONDS', 3_600, 0, 2_592_000),
      sheetsTtlSeconds: read.integer('CACHE_SHEETS_TTL_SECONDS', 300, 0, 2_592_000),
      geocodingTtlSeconds: read.integer('CACHE_GEOCODING_TTL_SECONDS', 3_600, 0, 2_592_000),
    },
    logRetentionDays: read.integer('LOG_RETENTION_DAYS', 90, 1, 3_650),
    maskedFields: readList(read, 'MASK_FIELDS'),
    healthCheckIntervalSeconds: read.integer('HEALTH_CHECK_INTERVAL_SECONDS', 60, 1, 86_400),
    requestTimeoutMs: Math.round(read.number('REQUEST_TIMEOUT_SECONDS', 10, 0.05, 300) * 1000),
    requestMaxRetries: read.integer('REQUEST_MAX_RETRIES', 3, 0, 10),
    logLevel: debug ? 'debug' : readLogLevel(read, problems),
  };

  if (production) problems.push(...productionFaults(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

/** What production refuses: state that dies with the machine, and secrets that anyone may know. */
function productionFaults(config: Config): string[] {
  const faults: string[] = [];
  if (config.databaseUrl === null)
    faults.push('DATABASE_URL must be set when NODE_ENV is production: the embedded database is for development');
  if (config.redisUrls === null)
    faults.push('REDIS_URL must be set when NODE_ENV is production: in-process limits do not hold over replicas');
  if (config.rabbitmqUrls === null)
    faults.push('RABBITMQ_URL must be set when NODE_ENV is production: in-process events reach no other service');
  if (config.encryptionKeys === null)
    faults.push('ENCRYPTION_KEYS must be set when NODE_ENV is production: id:base64-of-32-bytes');
  if (config.emulator === 'on')
    faults.push('EMULATOR must not be on when NODE_ENV is production: answers would be made up');
  if (config.jwt.verification.kind === 'generated') {
    faults.push('JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL must be set when NODE_ENV is production');
  }
  if (config.jwt.verification.kind === 'secret' && isWeakSecret(config.jwt.verification.secret)) {
    faults.push('JWT_SECRET must be at least 32 characters and no well-known value when NODE_ENV is production');
  }
  for (const { name, token } of config.bootstrapTokens) {
    if (token.length < 16 || wellKnownSecrets.has(token.toLowerCase())) {
      faults.push(
        `SERVICE_TOKENS: the token of "${name}" must be at least 16 characters and no well-known value when NODE_ENV is production`,
      );
    }
  }
  if (config.encryptionKeys?.some(({ key }) => key.every((byte) => byte === key[0]))) {
    faults.push('ENCRYPTION_KEYS: a key of one repeated byte is no secret');
  }
  return faults;
}

function isWeakSecret(secret: string): boolean {
  return secret.length < 32 || wellKnownSecrets.has(secret.toLowerCase()) || new Set(secret).size < 8;
}

type Reader = ReturnType<typeof createReader>;

function createReader(env: Env, problems: string[]) {
  /** An empty variable is an absent one: compose files pass `X=` for what is not set. */
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
      const parts = value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
      // A cluster's further nodes may be given as host:port after the first URL.
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

function isUrlOf(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

/** Accepts SQLAlchemy's spelling, `postgresql+asyncpg://…`, which the other services of the system use. */
function readDatabaseUrl(read: Reader, problems: string[]): string | null {
  const value = read.text('DATABASE_URL');
  if (value === null) return null;
  const plain = value.replace(/^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\//i, 'postgres://');
  if (isUrlOf(plain, ['postgres:'])) return plain;
  problems.push('DATABASE_URL must be a URL beginning with postgres:// or postgresql:// (postgresql+asyncpg:// too)');
  return null;
}

function readEncryptionKeys(read: Reader, problems: string[]): EncryptionKey[] | null {
  const value = read.text('ENCRYPTION_KEYS');
  if (value === null) return null;
  const keys: EncryptionKey[] = [];
  for (const [index, part] of value.split(',').entries()) {
    const match = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(part);
    const key = Buffer.from(match?.[2] ?? '', 'base64');
    if (match === null || key.length !== 32)
      problems.push(`ENCRYPTION_KEYS: part ${index + 1} must be id:base64-of-32-bytes`);
    else if (keys.some(({ id }) => id === match[1]))
      problems.push(`ENCRYPTION_KEYS: the id "${match[1]}" stands twice`);
    else keys.push({ id: match[1] as string, key });
  }
  return keys;
}

function readBootstrapTokens(read: Reader, problems: string[]): BootstrapToken[] {
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

function readJwtVerification(read: Reader, problems: string[]): JwtVerification {
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

/** Only keys that one algorithm goes with: which one is never left to a token. */
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

function readList(read: Reader, name: string): string[] {
  const parts = read.text(name)?.split(',') ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function readCidrs(read: Reader, problems: string[], name: string, hostAndPortToo: boolean): string[] {
  const value = read.text(name);
  if (value === null || value.toLowerCase() === 'off') return [];
  const parts = value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  for (const part of parts) {
    const isCidr = ipaddr.isValidCIDR(part) || ipaddr.isValid(part);
    const isHostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}$/i.test(part);
    if (!isCidr && !(hostAndPortToo && isHostAndPort)) {
      problems.push(`${name}: "${part}" is no CIDR${hostAndPortToo ? ' and no host:port' : ''}`);
    }
  }
  return parts;
}

function readCredentialsFile(read: Reader, problems: string[], readFile: (path: string) => string): string | null {
  const path = read.text('GOOGLE_SHEETS_CREDENTIALS_PATH');
  if (path === null) return null;
  try {
    const text = readFile(path);
    const parsed = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof parsed?.client_email === 'string' && typeof parsed.private_key === 'string') return text;
    problems.push(
      'GOOGLE_SHEETS_CREDENTIALS_PATH: the file is no service-account key (client_email and private_key are missing)',
    );
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'the file is no JSON' : 'the file cannot be read';
    problems.push(`GOOGLE_SHEETS_CREDENTIALS_PATH: ${reason}`);
  }
  return null;
}

function readLogLevel(read: Reader, problems: string[]): Config['logLevel'] {
  const level = logLevels[(read.text('LOG_LEVEL') ?? 'INFO').toUpperCase()];
  if (level !== undefined) return level;
  problems.push('LOG_LEVEL must be one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, SILENT');
  return 'info';
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
