/** The whole service in this process, with its own database and tenant, and the shared Redis. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type Service, startService } from '../../src/composition/start.ts';
import { parseConfig } from '../../src/config/config.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { createDataDir } from './data-dir.ts';
import { silentLogger, startTestDatabase, type TestDatabase } from './database.ts';
import { redisUrlBeside } from './redis.ts';

export interface TestService {
  readonly service: Service;
  readonly url: string;
  /** Unique to this service: it separates limits, cached answers and channels in Redis. */
  readonly tenant: string;
  readonly database: TestDatabase;
  /** All scopes except `admin`, for every tenant. */
  readonly token: string;
  /** A JWT for every tenant with the scope `admin`. */
  readonly adminToken: string;
  /** A request under `/api/v1` as the tenant, with the service token unless `headers` have another credential. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestReply>;
  /** The same with the admin's JWT. */
  admin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestReply>;
  geocode(address: string, options?: Record<string, unknown>): Promise<TestReply>;
}

export interface TestReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape.
  readonly json: any;
}

export const jwtSecretOfTests = 'the secret that whole-service tests sign with';

/** `env` overrides single variables; an empty string removes one (`REDIS_URL: ''` for the in-process store). */
export async function startTestService(t: Cleanup, env: Record<string, string> = {}): Promise<TestService> {
  closeInReverse(t);
  const database = await startTestDatabase(t);
  return startOn(t, { database, tenant: `test_${randomUUID().slice(0, 18)}`, token: `token-${randomUUID()}` }, env);
}

/** One more replica, on the database of `first` and for its tenant. Give both the same `ENCRYPTION_KEYS`. */
export function startTestReplica(
  t: Cleanup,
  first: Pick<TestService, 'database' | 'tenant' | 'token'>,
  env: Record<string, string>,
): Promise<TestService> {
  return startOn(t, first, env);
}

async function startOn(
  t: Cleanup,
  { database, tenant, token }: Pick<TestService, 'database' | 'tenant' | 'token'>,
  env: Record<string, string>,
): Promise<TestService> {
  const config = parseConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: database.url,
    REDIS_URL: redisUrlBeside(database.url),
    DATA_DIR: await createDataDir(t),
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: `test:${token}`,
    JWT_SECRET: jwtSecretOfTests,
    LOG_LEVEL: 'SILENT',
    // With a real database nothing is emulated by default.
    ...(Object.keys(env).some((name) => /_API_KEY$|_CREDENTIALS_PATH$/.test(name)) ? {} : { EMULATOR: 'on' }),
    ...env,
  });
  const service = await startService(config, silentLogger);
  t.after(() => service.close());

  const call: TestService['call'] = async (method, path, body, headers = {}) => {
    const reply = await fetch(`${service.url}/api/v1${path}`, {
      method,
      headers: {
        'x-management-company-id': tenant,
        ...(headers.authorization === undefined ? { 'x-service-token': token } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return readReply(reply);
  };
  const adminToken = await signAdminToken({ tenants: '*', scope: 'admin' });
  return {
    service,
    url: service.url,
    tenant,
    database,
    token,
    adminToken,
    call,
    admin: (method, path, body, headers = {}) =>
      call(method, path, body, { authorization: `Bearer ${adminToken}`, ...headers }),
    geocode: (address, options = {}) => call('POST', '/geocoding/geocode', { address, ...options }),
  };
}

/** A JWT that services started here accept, for five minutes. */
export function signAdminToken(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ sub: 'test-admin', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(jwtSecretOfTests));
}

export async function readReply(reply: Response): Promise<TestReply> {
  const text = await reply.text();
  const isJson =
    reply.headers.get('content-type')?.includes('json') === true &&
    !/ndjson/.test(reply.headers.get('content-type') ?? '');
  return {
    status: reply.status,
    headers: reply.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
