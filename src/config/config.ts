/**
 * The only reader of the environment. `parseConfig` returns a frozen `Config`, or throws one error that lists every
 * fault.
 */
import { readFileSync } from 'node:fs';
import { parseRange } from '../ip-range.ts';
import { type JwtClaims, readJwtClaims, readOrigins } from './access-variables.ts';
import { type AlertVariables, readAlerts } from './alert-variables.ts';
import {
  type BootstrapToken,
  createReader,
  type EncryptionKey,
  type Env,
  type JwtVerification,
  type LogLevel,
  readBootstrapTokens,
  readCidrs,
  readContacts,
  readEncryptionKeys,
  readJwtVerification,
  readList,
  readLogLevel,
  readPublicBaseUrl,
  readRedisUrls,
  readTileUrl,
  tenantPattern,
} from './config-variables.ts';
import { faultsOfMigrationUrl, readDatabaseUrl } from './database-url.ts';
import { type ProviderVariables, readProviders } from './provider-variables.ts';

export type { JwtClaims } from './access-variables.ts';
export type { BootstrapToken, EncryptionKey, JwtVerification } from './config-variables.ts';

export type EmulatorMode = 'auto' | 'on' | 'off';

/** All settings of a process. */
export interface Config {
  readonly production: boolean;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Without a trailing slash. */
    readonly publicBaseUrl: string;
    /** CIDRs of proxies whose `X-Forwarded-For` is trusted. */
    readonly trustedProxies: readonly string[];
    readonly metricsToken: string | null;
    /** Origins whose pages may call the API from a browser. */
    readonly corsOrigins: readonly string[];
    /** Contacts for vulnerability reports, in `/.well-known/security.txt`. */
    readonly securityContacts: readonly string[];
  };
  /** null: embedded, under `dataDir`. */
  readonly databaseUrl: string | null;
  /** The login that owns the tables, for migrations; null: the service's own login. */
  readonly migrationDatabaseUrl: string | null;
  /** null: in-process. More than one: cluster nodes. */
  readonly redisUrls: readonly string[] | null;
  /** null: in-process. */
  readonly rabbitmqUrls: readonly string[] | null;
  readonly dataDir: string;
  /** The tenant for which the environment's provider credentials are registered. */
  readonly defaultTenant: string;
  /** The variables of each provider that the environment may register, by adapter. */
  readonly providers: Readonly<Record<string, ProviderVariables>>;
  readonly emulator: EmulatorMode;
  /** null: generated in `dataDir` (development only). */
  readonly encryptionKeys: readonly EncryptionKey[] | null;
  readonly bootstrapTokens: readonly BootstrapToken[];
  readonly jwt: {
    readonly verification: JwtVerification;
    readonly issuer: string | null;
    readonly audience: string | null;
    /** Maximum lifetime of a token. */
    readonly maxLifetimeSeconds: number;
    readonly claims: JwtClaims;
  };
  /** If the tenant header is absent, a credential for exactly one tenant implies that tenant. */
  readonly tenantFromToken: boolean;
  /** CIDRs or `host:port` inside private ranges that outbound calls may reach. */
  readonly outboundAllowedNetworks: readonly string[];
  /** Map tiles of the console, `https://…/{z}/{x}/{y}.png`; null: no tiles. */
  readonly consoleTileUrl: string | null;
  /** Calls per minute and tenant. */
  readonly familyLimits: { readonly sheets: number; readonly geocoding: number; readonly webhooks: number };
  readonly cache: {
    readonly l1TtlSeconds: number;
    readonly l2TtlSeconds: number;
    readonly sheetsTtlSeconds: number;
    readonly geocodingTtlSeconds: number;
  };
  readonly logRetentionDays: number;
  /** Maximum bytes under `dataDir` for webhook bodies whose signature is not verified yet. */
  readonly maxUnverifiedBytes: number;
  /** Further names of headers, parameters and JSON members that the audit log must mask. */
  readonly maskedFields: readonly string[];
  readonly healthCheckIntervalSeconds: number;
  /** Time-out of each outbound attempt. */
  readonly requestTimeoutMs: number;
  /** Deadline of a call with all its providers and retries. */
  readonly callDeadlineMs: number;
  /** Maximum retries at one provider. */
  readonly requestMaxRetries: number;
  readonly logLevel: LogLevel;
  /** Where problems are reported. */
  readonly alerts: AlertVariables;
}

/** All faults of the environment, one line each, with the name of the variable and without secret values. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`The environment has invalid variables:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Values from examples and tutorials; production refuses them. */
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
/** The minimum call deadline; longer time-outs extend it. */
const shortestCallDeadlineMs = 30_000;
/** A call has time for this many time-outs: three providers, or retries at one. */
const timeoutsPerCall = 3;

/** Parses the environment. Throws `ConfigError` with all faults. `readFile` is injected for tests. */
export function parseConfig(
  env: Env,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Config {
  const problems: string[] = [];
  const read = createReader(env, problems);

  // An empty variable counts as not set, so `ENVIRONMENT` is used if `NODE_ENV` is empty.
  const mode = read.text('NODE_ENV') === null && read.text('ENVIRONMENT') !== null ? 'ENVIRONMENT' : 'NODE_ENV';
  const production = read.choice(mode, ['development', 'production', 'test'], 'development') === 'production';
  const port = read.integer('PORT', 8006, 0, 65_535);
  const databaseUrl = readDatabaseUrl(read, problems, 'DATABASE_URL');
  const migrationDatabaseUrl = readDatabaseUrl(read, problems, 'MIGRATION_DATABASE_URL');
  problems.push(...faultsOfMigrationUrl(databaseUrl, migrationDatabaseUrl));
  const redisUrls = readRedisUrls(read, problems);
  const rabbitmqUrls = read.urls('RABBITMQ_URL', ['amqp:', 'amqps:']);
  const encryptionKeys = readEncryptionKeys(read, problems);
  const bootstrapTokens = readBootstrapTokens(read, problems);
  const verification = readJwtVerification(read, problems);
  const emulator = read.choice('EMULATOR', ['auto', 'on', 'off'], 'auto') as EmulatorMode;
  const debug = read.flag('DEBUG', false);
  const logLevel = readLogLevel(read, problems);
  const requestTimeoutMs = Math.round(read.number('REQUEST_TIMEOUT_SECONDS', 10, 0.05, 300) * 1000);

  const config: Config = {
    production,
    http: {
      host: read.text('HOST') ?? '0.0.0.0',
      port,
      publicBaseUrl: readPublicBaseUrl(read, problems) ?? `http://localhost:${port}`,
      trustedProxies: readCidrs(read, problems, 'TRUST_PROXY', false),
      metricsToken: read.text('METRICS_TOKEN'),
      corsOrigins: readOrigins(read, problems),
      securityContacts: readContacts(read, problems),
    },
    databaseUrl,
    migrationDatabaseUrl,
    redisUrls,
    rabbitmqUrls,
    dataDir: read.text('DATA_DIR') ?? './.data',
    defaultTenant:
      read.matching('MANAGEMENT_COMPANY_ID', tenantPattern, 'must be 1 to 50 of A-Z, a-z, 0-9, _ and -') ??
      'uk_company_1',
    providers: readProviders(read, problems, readFile),
    emulator,
    encryptionKeys,
    bootstrapTokens,
    jwt: {
      verification,
      issuer: read.text('JWT_ISSUER'),
      audience: read.text('JWT_AUDIENCE'),
      maxLifetimeSeconds: read.integer('JWT_MAX_LIFETIME_SECONDS', 86_400, 60, 31_536_000),
      claims: readJwtClaims(read, problems),
    },
    tenantFromToken: read.flag('TENANT_FROM_TOKEN', false),
    outboundAllowedNetworks: readCidrs(read, problems, 'OUTBOUND_ALLOWED_NETWORKS', true),
    consoleTileUrl: readTileUrl(read, problems),
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
    maxUnverifiedBytes: read.integer('UNVERIFIED_BODIES_MAX_BYTES', 268_435_456, 1_048_576, 1_099_511_627_776),
    maskedFields: readList(read, 'MASK_FIELDS'),
    healthCheckIntervalSeconds: read.integer('HEALTH_CHECK_INTERVAL_SECONDS', 60, 1, 86_400),
    requestTimeoutMs,
    callDeadlineMs: Math.max(shortestCallDeadlineMs, timeoutsPerCall * requestTimeoutMs),
    requestMaxRetries: read.integer('REQUEST_MAX_RETRIES', 3, 0, 10),
    logLevel: debug ? 'debug' : logLevel,
    alerts: readAlerts(read, problems),
  };

  if (production) {
    // A variable with an invalid value already has its line: report each variable once.
    const named = new Set(problems.map(variableOf));
    const faults = productionFaults(config).map((fault) => fault.replaceAll('NODE_ENV', mode));
    problems.push(...faults.filter((fault) => !named.has(variableOf(fault))));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

/** The variable with whose name each line begins. */
function variableOf(problem: string): string {
  return /^[A-Z0-9_]+/.exec(problem)?.[0] ?? problem;
}

/** Faults in production: state that is lost with the machine, and secrets that are publicly known. */
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
    faults.push('EMULATOR must not be on when NODE_ENV is production: answers would be invented');
  if (config.jwt.verification.kind === 'generated') {
    faults.push('JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL must be set when NODE_ENV is production');
  }
  if (config.jwt.verification.kind === 'secret' && isGuessable(config.jwt.verification.secret, 32)) {
    faults.push('JWT_SECRET must be at least 32 characters and not a well-known value when NODE_ENV is production');
  }
  if (config.http.metricsToken !== null && isGuessable(config.http.metricsToken, 16)) {
    faults.push('METRICS_TOKEN must be at least 16 characters and not a well-known value when NODE_ENV is production');
  }
  if (config.jwt.verification.kind === 'jwks' && new URL(config.jwt.verification.url).protocol !== 'https:') {
    faults.push(
      'JWT_JWKS_URL must begin with https:// when NODE_ENV is production: an attacker on the network could sign tokens',
    );
  }
  for (const network of config.outboundAllowedNetworks) {
    const range = parseRange(network);
    if (range === null || range[1] >= (range[0].kind() === 'ipv4' ? 8 : 7)) continue;
    faults.push(
      `OUTBOUND_ALLOWED_NETWORKS: "${network}" allows nearly every address: list the networks that are needed`,
    );
  }
  for (const { name, token } of config.bootstrapTokens) {
    if (isGuessable(token, 16)) {
      faults.push(
        `SERVICE_TOKENS: the token of "${name}" must be at least 16 characters and not a well-known value when NODE_ENV is production`,
      );
    }
  }
  if (config.encryptionKeys?.some(({ key }) => isGuessable(key.toString('latin1'), 32))) {
    faults.push('ENCRYPTION_KEYS: a key of a few repeated bytes can be guessed');
  }
  return faults;
}

/** Whether the secret is too short, well known, made of few characters, or a repeated short text. */
function isGuessable(secret: string, minLength: number): boolean {
  if (secret.length < minLength || wellKnownSecrets.has(secret.toLowerCase()) || new Set(secret).size < 8) return true;
  // A text that repeats a shorter one occurs in its own double before the end.
  return (secret + secret).indexOf(secret, 1) < secret.length;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
