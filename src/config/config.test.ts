import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { configVariables } from '../../test/support/variables.ts';
import { ConfigError, parseConfig } from './config.ts';

const noFiles = (): string => {
  throw new Error('no such file');
};
const encryptionKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

function problemsOf(env: Record<string, string>, readFile = noFiles): readonly string[] {
  try {
    parseConfig(env, readFile);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

test('an empty environment is a complete development configuration', () => {
  const config = parseConfig({}, noFiles);
  assert.deepEqual(
    [config.http.port, config.http.host, config.http.publicBaseUrl, config.dataDir, config.defaultTenant],
    [8006, '0.0.0.0', 'http://localhost:8006', './.data', 'uk_company_1'],
  );
  assert.deepEqual(
    [config.databaseUrl, config.redisUrls, config.rabbitmqUrls, config.encryptionKeys],
    [null, null, null, null],
  );
  assert.deepEqual(config.familyLimits, { sheets: 100, geocoding: 50, webhooks: 200 });
  assert.deepEqual(config.cache, {
    l1TtlSeconds: 300,
    l2TtlSeconds: 3600,
    sheetsTtlSeconds: 300,
    geocodingTtlSeconds: 3600,
  });
  assert.deepEqual([config.requestTimeoutMs, config.requestMaxRetries, config.logRetentionDays], [10_000, 3, 90]);
  assert.equal(config.emulator, 'auto');
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.http) && Object.isFrozen(config.bootstrapTokens));
});

test('all faults are listed at once, one line each, without secrets', () => {
  const problems = problemsOf({
    PORT: '70000',
    DATABASE_URL: 'mysql://root:canary@db/x',
    REDIS_URL: 'http://:canary@redis',
    RABBITMQ_URL: 'rabbit',
    LOG_LEVEL: 'loud',
    EMULATOR: 'maybe',
    DEBUG: 'perhaps',
    ENCRYPTION_KEYS: 'k1:canary',
    SERVICE_TOKENS: 'canary',
    JWT_SECRET: 'canary',
    JWT_JWKS_URL: 'https://keys',
    JWT_PUBLIC_KEY: 'canary',
    TRUST_PROXY: 'everyone',
    OUTBOUND_ALLOWED_NETWORKS: '10.0.0.0/99',
    MANAGEMENT_COMPANY_ID: 'a b',
    REQUEST_TIMEOUT_SECONDS: 'soon',
    REQUEST_MAX_RETRIES: '1.5',
    GOOGLE_SHEETS_CREDENTIALS_PATH: '/nowhere.json',
    GOOGLE_MAPS_BASE_URL: 'maps.example',
    RATE_LIMIT_GEOCODING_PER_MINUTE: '0',
  });
  const named = [...new Set(problems.map((problem) => /^[A-Z_]+/.exec(problem)?.[0]))].sort();
  assert.deepEqual(named, [
    'DATABASE_URL',
    'DEBUG',
    'EMULATOR',
    'ENCRYPTION_KEYS',
    'GOOGLE_MAPS_BASE_URL',
    'GOOGLE_SHEETS_CREDENTIALS_PATH',
    'JWT_PUBLIC_KEY',
    'JWT_SECRET',
    'LOG_LEVEL',
    'MANAGEMENT_COMPANY_ID',
    'OUTBOUND_ALLOWED_NETWORKS',
    'PORT',
    'RABBITMQ_URL',
    'RATE_LIMIT_GEOCODING_PER_MINUTE',
    'REDIS_URL',
    'REQUEST_MAX_RETRIES',
    'REQUEST_TIMEOUT_SECONDS',
    'SERVICE_TOKENS',
    'TRUST_PROXY',
  ]);
  assert.ok(!problems.join('\n').includes('canary'));
  assert.ok(problems.every((problem) => !problem.includes('\n')));
});

test('a number of proxies or a part of an address is not a network', () => {
  for (const network of ['1', '10', '10.1', '10.1.2/24', '010.0.0.1']) {
    assert.match(problemsOf({ TRUST_PROXY: network }).join(), /^TRUST_PROXY: /, network);
    assert.match(problemsOf({ OUTBOUND_ALLOWED_NETWORKS: network }).join(), /^OUTBOUND_ALLOWED_NETWORKS: /, network);
  }
  for (const network of ['10.1.2.3', '10.0.0.0/8', '::1', 'fd00::/8', '::ffff:10.0.0.0/104']) {
    assert.deepEqual(parseConfig({ TRUST_PROXY: network }, noFiles).http.trustedProxies, [network]);
  }
});

test('the notations of database addresses that the other services use are accepted', () => {
  for (const url of [
    'postgres://u:p@h/d',
    'postgresql://u:p@h/d',
    'postgresql+asyncpg://u:p@h/d',
    'postgresql+psycopg2://u:p@h/d',
  ]) {
    assert.equal(parseConfig({ DATABASE_URL: url }, noFiles).databaseUrl, 'postgres://u:p@h/d');
  }
  for (const [query, understood] of [
    ['ssl=disable', '?sslmode=disable'],
    ['ssl=require&application_name=x', '?application_name=x&sslmode=require&uselibpqcompat=true'],
    ['ssl=prefer', ''],
    ['sslmode=allow', ''],
    ['sslmode=verify-full', '?sslmode=verify-full'],
    ['ssl=true', '?ssl=true'],
  ]) {
    const { databaseUrl } = parseConfig({ DATABASE_URL: `postgresql+asyncpg://u:p%40@h/d?${query}` }, noFiles);
    assert.equal(databaseUrl, `postgres://u:p%40@h/d${understood}`);
  }
});

test('values that would be ignored or misread are refused with the reason', () => {
  assert.match(problemsOf({ REDIS_URL: 'redis://h:6379/cache' }).join(), /^REDIS_URL: its path must be the number/);
  assert.deepEqual(parseConfig({ REDIS_URL: 'rediss://h/3' }, noFiles).redisUrls, ['rediss://h/3']);
  for (const url of ['https://x.example?a=1', 'https://x.example#a', 'https://u:p@x.example']) {
    assert.match(problemsOf({ PUBLIC_BASE_URL: url }).join(), /^PUBLIC_BASE_URL must have no query/, url);
  }
  assert.match(problemsOf({ OUTBOUND_ALLOWED_NETWORKS: 'localhost:99999' }).join(), /not a CIDR or host:port/);
  assert.match(problemsOf({ DEBUG: 'true', LOG_LEVEL: 'loud' }).join(), /^LOG_LEVEL must be one of/);
  assert.ok(
    problemsOf({ NODE_ENV: 'production', METRICS_TOKEN: 'Changeme' }).some((fault) =>
      fault.startsWith('METRICS_TOKEN'),
    ),
  );
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };
  const path = { GOOGLE_SHEETS_CREDENTIALS_PATH: '/key.json' };
  assert.match(problemsOf(path, failing('ENOENT')).join(), /there is no such file$/);
  assert.match(problemsOf(path, failing('EACCES')).join(), /may not be read by the user that runs this program$/);
});

test('a database that requires TLS is accepted with any certificate, unless the address says otherwise', () => {
  const tlsOf = (query: string) =>
    new pg.Client(parseConfig({ DATABASE_URL: `postgresql+asyncpg://h/d?${query}` }, noFiles).databaseUrl ?? '').ssl;
  assert.deepEqual(tlsOf('ssl=require'), { rejectUnauthorized: false });
  assert.deepEqual(tlsOf('ssl=verify-full'), {});
  assert.equal(tlsOf('ssl=disable'), false);
});

test('a call has room for the time-outs of its attempts', () => {
  const deadlineMs = (seconds: string) => parseConfig({ REQUEST_TIMEOUT_SECONDS: seconds }, noFiles).callDeadlineMs;
  assert.deepEqual([deadlineMs(''), deadlineMs('0.5'), deadlineMs('60')], [30_000, 30_000, 180_000]);
});

test('lists of nodes, tokens, keys and networks are read', () => {
  const config = parseConfig(
    {
      REDIS_URL: 'redis://a:6379, b:6379',
      RABBITMQ_URL: 'amqp://a,amqps://b',
      SERVICE_TOKENS: 'billing:t1, bot:t2:uk_1|uk_2',
      ENCRYPTION_KEYS: `${encryptionKey('new')}, ${encryptionKey('old')}`,
      OUTBOUND_ALLOWED_NETWORKS: '10.0.0.0/8,localhost:9000,::1/128',
      TRUST_PROXY: 'off',
      LOG_LEVEL: 'warning',
      REQUEST_TIMEOUT_SECONDS: '2.5',
    },
    noFiles,
  );
  assert.deepEqual(config.redisUrls, ['redis://a:6379', 'redis://b:6379']);
  assert.deepEqual(config.rabbitmqUrls, ['amqp://a', 'amqps://b']);
  assert.deepEqual(config.bootstrapTokens, [
    { name: 'billing', token: 't1', tenants: null },
    { name: 'bot', token: 't2', tenants: ['uk_1', 'uk_2'] },
  ]);
  assert.deepEqual(
    config.encryptionKeys?.map(({ id, key }) => [id, key.length]),
    [
      ['new', 32],
      ['old', 32],
    ],
  );
  assert.deepEqual(config.outboundAllowedNetworks, ['10.0.0.0/8', 'localhost:9000', '::1/128']);
  assert.deepEqual([config.http.trustedProxies, config.logLevel, config.requestTimeoutMs], [[], 'warn', 2500]);
});

test('an empty variable counts as not set', () => {
  assert.equal(parseConfig({ DATABASE_URL: '', JWT_SECRET: ' ', PORT: '' }, noFiles).http.port, 8006);
});

test('an invalid variable is one fault in production too', () => {
  const faults = problemsOf({
    NODE_ENV: 'production',
    DATABASE_URL: 'mysql://x',
    REDIS_URL: 'x',
    RABBITMQ_URL: 'http://x',
    ENCRYPTION_KEYS: 'k1:short',
    JWT_SECRET: 'short',
  });
  const names = ['DATABASE_URL', 'ENCRYPTION_KEYS', 'JWT_SECRET', 'RABBITMQ_URL', 'REDIS_URL'];
  assert.deepEqual(faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0]).sort(), names);
});

test('production refuses embedded stores, missing keys and well-known secrets', () => {
  const bare = problemsOf({
    NODE_ENV: 'production',
    EMULATOR: 'on',
    SERVICE_TOKENS: 'a:changeme',
    JWT_SECRET: 'secret',
  });
  for (const name of [
    'DATABASE_URL',
    'REDIS_URL',
    'RABBITMQ_URL',
    'ENCRYPTION_KEYS',
    'EMULATOR',
    'SERVICE_TOKENS',
    'JWT_SECRET',
  ]) {
    assert.ok(
      bare.some((problem) => problem.startsWith(name)),
      name,
    );
  }
  const stores = { DATABASE_URL: 'postgres://u:p@h/d', REDIS_URL: 'redis://h', RABBITMQ_URL: 'amqp://h' };
  const zeros = `k:${Buffer.alloc(32).toString('base64')}`;
  assert.ok(
    problemsOf({ NODE_ENV: 'production', ...stores, ENCRYPTION_KEYS: zeros }).some((problem) =>
      problem.includes('repeated byte'),
    ),
  );
  const whole = { ...stores, ENCRYPTION_KEYS: encryptionKey('k'), JWT_SECRET: randomBytes(48).toString('base64url') };
  assert.deepEqual(problemsOf({ NODE_ENV: 'production', ...whole }), []);
});

test('only public keys with a single algorithm are accepted, also with escaped line ends', () => {
  const pem = (type: 'rsa' | 'ec' | 'ed25519', options = {}) =>
    (generateKeyPairSync as (type: string, options: object) => ReturnType<typeof generateKeyPairSync>)(type, {
      modulusLength: 2048,
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      ...options,
    }) as unknown as { publicKey: string; privateKey: string };
  for (const type of ['rsa', 'ec', 'ed25519'] as const) {
    const { publicKey, privateKey } = pem(type);
    assert.deepEqual(problemsOf({ JWT_PUBLIC_KEY: publicKey.replaceAll('\n', '\\n') }), []);
    assert.equal(problemsOf({ JWT_PUBLIC_KEY: privateKey }).length, 1);
  }
  assert.equal(problemsOf({ JWT_PUBLIC_KEY: pem('ec', { namedCurve: 'P-384' }).publicKey }).length, 1);
});

test('alerts need both variables of a channel, and a valid signing secret', () => {
  const bot = {
    ALERT_TELEGRAM_BOT_TOKEN: '1234567:AAE-x_0123456789abcdefghij',
    ALERT_TELEGRAM_CHAT_ID: '-1001234567890',
  };
  const hook = { ALERT_WEBHOOK_URL: 'https://alerts.example/in', ALERT_WEBHOOK_SECRET: `whsec_${'QUJD'.repeat(8)}` };
  assert.deepEqual(parseConfig({ ...bot, ...hook }).alerts, {
    telegram: { botToken: bot.ALERT_TELEGRAM_BOT_TOKEN, chatId: '-1001234567890', baseUrl: 'https://api.telegram.org' },
    webhook: { url: hook.ALERT_WEBHOOK_URL, secret: hook.ALERT_WEBHOOK_SECRET },
    language: 'both',
  });
  const faults: [Record<string, string>, RegExp][] = [
    [{ ...bot, ALERT_TELEGRAM_CHAT_ID: '' }, /^ALERT_TELEGRAM_CHAT_ID must be set/],
    [{ ...bot, ALERT_TELEGRAM_BOT_TOKEN: '' }, /^ALERT_TELEGRAM_BOT_TOKEN must be set/],
    [{ ...bot, ALERT_TELEGRAM_BOT_TOKEN: '1234567:a/../../x' }, /^ALERT_TELEGRAM_BOT_TOKEN must be the token/],
    [{ ...bot, ALERT_TELEGRAM_CHAT_ID: 'the chat' }, /^ALERT_TELEGRAM_CHAT_ID must be the number/],
    [{ ...hook, ALERT_WEBHOOK_URL: '' }, /^ALERT_WEBHOOK_URL must be set/],
    [{ ...hook, ALERT_WEBHOOK_URL: 'https://me:pw@alerts.example/' }, /^ALERT_WEBHOOK_URL must not contain a user/],
    [{ ...hook, ALERT_WEBHOOK_SECRET: 'whsec_QUJD' }, /^ALERT_WEBHOOK_SECRET must be whsec_/],
    [{ ALERT_LANGUAGE: 'de' }, /^ALERT_LANGUAGE must be one of en, ru, both/],
  ];
  for (const [env, fault] of faults) {
    const found = problemsOf(env);
    assert.equal(found.length, 1);
    assert.match(found[0] as string, fault);
    assert.doesNotMatch(found[0] as string, /AAE-x|QUJD/);
  }
});

test('a service-account file must be valid', () => {
  const env = { GOOGLE_SHEETS_CREDENTIALS_PATH: '/key.json' };
  const text = '{"client_email":"a@b","private_key":"x"}';
  assert.equal(parseConfig(env, () => text).providers.google_sheets?.credential, text);
  assert.equal(problemsOf(env, () => '{}').length, 1);
  assert.equal(problemsOf(env, () => 'no json').length, 1);
});

test('docs/config.md and .env.example name exactly the variables that are read', () => {
  const root = join(import.meta.dirname, '../..');
  const variables = configVariables();
  const documented = readFileSync(join(root, 'docs/config.md'), 'utf8').match(/^\| `([^|]+)` \|/gm) ?? [];
  const names = documented.flatMap((line) => line.match(/[A-Z][A-Z0-9_]+/g) ?? []);
  assert.deepEqual([...new Set(names)].sort(), variables);
  const example = readFileSync(join(root, '.env.example'), 'utf8').match(/^#?([A-Z][A-Z0-9_]*)=/gm) ?? [];
  assert.deepEqual(example.map((line) => line.replace(/[#=]/g, '')).sort(), variables);
});

test('production refuses secrets that can be guessed, open outbound networks and keys over http', () => {
  const strong = () => randomBytes(32).toString('base64url');
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://u:p@db/x',
    REDIS_URL: 'redis://r',
    RABBITMQ_URL: 'amqp://r',
    ENCRYPTION_KEYS: encryptionKey('k'),
    JWT_SECRET: strong(),
    METRICS_TOKEN: strong(),
    SERVICE_TOKENS: `a:${strong()}`,
    OUTBOUND_ALLOWED_NETWORKS: '10.0.0.0/8,fd00::/8',
  };
  assert.deepEqual(problemsOf(env), []);
  for (const [name, value] of [
    ['JWT_SECRET', '12345678'.repeat(4)],
    ['JWT_SECRET', 'abcdefghi'.repeat(8)],
    ['METRICS_TOKEN', 'a'],
    ['METRICS_TOKEN', 'metrics0'.repeat(2)],
    ['SERVICE_TOKENS', `a:${'abcdefgh'.repeat(2)}`],
    ['ENCRYPTION_KEYS', `k:${Buffer.alloc(32, 'ab').toString('base64')}`],
    ['OUTBOUND_ALLOWED_NETWORKS', '0.0.0.0/0'],
    ['OUTBOUND_ALLOWED_NETWORKS', '10.0.0.0/8,::/0'],
    ['OUTBOUND_ALLOWED_NETWORKS', '128.0.0.0/1'],
    ['OUTBOUND_ALLOWED_NETWORKS', '::ffff:0:0/96'],
  ] as const) {
    const problems = problemsOf({ ...env, [name]: value });
    assert.equal(problems.length, 1, `${name}=${value}: ${problems.join('; ')}`);
    assert.ok(problems[0]?.startsWith(name));
  }
  const { JWT_SECRET: _secret, ...withoutSecret } = env;
  assert.match(problemsOf({ ...withoutSecret, JWT_JWKS_URL: 'http://keys' })[0] ?? '', /^JWT_JWKS_URL/);
});

test('ENVIRONMENT is read like NODE_ENV if that is not set', () => {
  assert.equal(parseConfig({ ENVIRONMENT: 'development' }).production, false);
  const faults = problemsOf({ ENVIRONMENT: 'Production', NODE_ENV: '' });
  assert.ok(faults.some((fault) => fault.startsWith('DATABASE_URL must be set when ENVIRONMENT is production')));
  assert.equal(parseConfig({ ENVIRONMENT: 'production', NODE_ENV: 'development' }).production, false);
  assert.deepEqual(problemsOf({ ENVIRONMENT: 'x' }), ['ENVIRONMENT must be one of development, production, test']);
  assert.deepEqual(problemsOf({ ENVIRONMENT: 'staging', NODE_ENV: 'test' }), []);
});

test('origins are listed one by one, and roles as claim and value', () => {
  const config = parseConfig(
    {
      CORS_ORIGINS: 'https://App.example/, http://localhost:5173,https://app.example:443',
      JWT_CLAIM_TENANTS: 'app_metadata.orgs',
      JWT_ADMIN_ROLES: 'roles:integration:admin, https://id.example/roles:root',
      TENANT_FROM_TOKEN: 'on',
    },
    noFiles,
  );
  assert.deepEqual(config.http.corsOrigins, ['https://app.example', 'http://localhost:5173']);
  assert.deepEqual(config.jwt.claims, {
    tenants: 'app_metadata.orgs',
    scope: null,
    adminRoles: [
      { claim: 'roles', value: 'integration:admin' },
      { claim: 'https://id.example/roles', value: 'root' },
    ],
  });
  assert.equal(config.tenantFromToken, true);
  for (const origins of [
    '*',
    'https://*.example',
    'null',
    'app.example',
    'https://a.example/path',
    'ftp://a.example',
  ]) {
    assert.match(problemsOf({ CORS_ORIGINS: origins }).join(), /^CORS_ORIGINS must be origins/, origins);
  }
  for (const roles of ['admin', 'roles:', ':admin', 'https://id.example/roles']) {
    assert.match(problemsOf({ JWT_ADMIN_ROLES: roles }).join(), /^JWT_ADMIN_ROLES must be claim:value/, roles);
  }
});

test('MIGRATION_DATABASE_URL must name the same database', () => {
  const databaseUrl = 'postgres://app:x@db:5432/integration';
  const of = (MIGRATION_DATABASE_URL: string, DATABASE_URL = databaseUrl) =>
    problemsOf({ DATABASE_URL, MIGRATION_DATABASE_URL }).join();
  assert.equal(of('postgresql+asyncpg://owner:y@db/integration'), '');
  assert.match(of('postgres://owner:y@db/other'), /^MIGRATION_DATABASE_URL must name the database of DATABASE_URL/);
  assert.match(of('http://db'), /^MIGRATION_DATABASE_URL must be a URL/);
  assert.match(of('postgres://owner:y@db/integration', ''), /^MIGRATION_DATABASE_URL needs a valid DATABASE_URL/);
});

test('a database address works as in libpq, or is refused with the reason', () => {
  const clientOf = (DATABASE_URL: string) => new pg.Client(parseConfig({ DATABASE_URL }, noFiles).databaseUrl ?? '');
  const socket = clientOf('postgresql://u@/db?host=/run/postgresql');
  assert.deepEqual([socket.host, socket.user, socket.database], ['/run/postgresql', 'u', 'db']);
  const noUser = clientOf('postgresql:///db?host=/run/postgresql');
  assert.deepEqual([noUser.host, noUser.database], ['/run/postgresql', 'db']);
  const hash = clientOf('postgresql+asyncpg://u:p#a#b@h:5433/db');
  assert.deepEqual([hash.password, hash.host, hash.port, hash.database], ['p#a#b', 'h', 5433, 'db']);
  for (const [url, fault] of [
    ['postgres://u:canary@h1:5432,h2:5432/db', /^DATABASE_URL names several hosts/],
    ['postgres://u:canary@h1,h2/db', /^DATABASE_URL names several hosts/],
    ['postgres://u:canary@/db?host=h1,h2', /^DATABASE_URL names several hosts/],
    ['postgres://u:canary@h', /^DATABASE_URL must name a database/],
    ['postgres://u:canary@h:5432/', /^DATABASE_URL must name a database/],
    ['postgres://u:canary@h?sslmode=require', /^DATABASE_URL must name a database/],
  ] as const) {
    const faults = problemsOf({ DATABASE_URL: url });
    assert.equal(faults.length, 1, url);
    assert.match(faults[0] as string, fault);
    assert.ok(!faults[0]?.includes('canary'));
  }
  assert.equal(parseConfig({ DATABASE_URL: 'postgres://u:a,b@h/db' }, noFiles).databaseUrl, 'postgres://u:a,b@h/db');
});
