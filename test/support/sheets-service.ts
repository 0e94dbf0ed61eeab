/** Replicas of the whole service with one database, one Redis and one emulated Google, which the test can make fail. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auth as googleAuth, sheets } from '@googleapis/sheets';
import { accountsOfEmulator, emulatedGoogleCredentials } from '../../emulator/oauth/service-accounts.ts';
import { createGoogleOauth } from '../../emulator/oauth/vendor.ts';
import { createGoogleSheets } from '../../emulator/sheets/vendor.ts';
import { type Emulator, startEmulator } from '../../emulator/start.ts';
import { startService } from '../../src/composition/start.ts';
import { parseConfig } from '../../src/config/config.ts';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { createDataDir } from './data-dir.ts';
import { silentLogger, startTestDatabase, type TestDatabase } from './database.ts';
import { redisUrlBeside } from './redis.ts';
import { jwtSecretOfTests, readReply, signAdminToken, type TestReply } from './service.ts';
import { waitFor } from './wait-for.ts';

export interface SheetsReplica {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestReply>;
  close(): Promise<void>;
}

export interface SheetsServices {
  readonly emulator: Emulator;
  readonly tenant: string;
  readonly replicas: readonly SheetsReplica[];
  /** Requests to the first replica. */
  readonly call: SheetsReplica['call'];
  readonly database: TestDatabase;
  startReplica(): Promise<SheetsReplica>;
  /** `launcher` is put before the program. */
  startProcess(extra: Record<string, string>, launcher?: readonly string[]): Promise<KillableReplica>;
}

export interface KillableReplica {
  readonly call: SheetsReplica['call'];
  kill(): Promise<void>;
}

export async function startSheetsServices(
  t: Cleanup,
  { replicas = 1, env = {} }: { replicas?: number; env?: Record<string, string> } = {},
): Promise<SheetsServices> {
  closeInReverse(t);
  const database = await startTestDatabase(t);
  const emulator = await startEmulator({ port: 0, vendors: [createGoogleOauth, createGoogleSheets] });
  t.after(() => emulator.close());
  const credentialsPath = join(await createDataDir(t), 'google.json');
  writeFileSync(credentialsPath, await emulatedGoogleCredentials(emulator));
  const tenant = `test_${randomUUID().slice(0, 18)}`;
  const token = `token-${randomUUID()}`;

  const environment = async (): Promise<Record<string, string>> => ({
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: database.url,
    REDIS_URL: redisUrlBeside(database.url),
    DATA_DIR: await createDataDir(t),
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 'sheets-test').toString('base64')}`,
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: `test:${token}`,
    GOOGLE_SHEETS_BASE_URL: emulator.url,
    GOOGLE_SHEETS_CREDENTIALS_PATH: credentialsPath,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    LOG_LEVEL: 'SILENT',
    ...env,
  });
  const startReplica = async (): Promise<SheetsReplica> => {
    const config = parseConfig(await environment());
    const service = await startService(config, silentLogger);
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await service.close(2_000);
    };
    t.after(close);
    return { close, call: callerAt(service.url) };
  };
  const callerAt =
    (url: string): SheetsReplica['call'] =>
    async (method, path, body, headers = {}) => {
      const reply = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          'x-management-company-id': tenant,
          'x-service-token': token,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return readReply(reply);
    };
  /** The service as a separate process, which can be killed. */
  const startProcess: SheetsServices['startProcess'] = async (extra, launcher = []) => {
    const port = await findFreePort();
    const [program = process.execPath, ...args] = [...launcher, process.execPath, 'src/main.ts'];
    const child = spawn(program, args, {
      cwd: new URL('../..', import.meta.url),
      env: { PATH: process.env.PATH, ...(await environment()), PORT: String(port), ...extra },
      stdio: 'ignore',
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await exited;
    };
    t.after(kill);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(
      'the process to listen',
      async () => (await fetch(`${url}/health/live`).catch(() => null))?.ok === true,
      20_000,
    );
    return { call: callerAt(url), kill };
  };

  const started: SheetsReplica[] = [];
  for (let count = 0; count < replicas; count++) started.push(await startReplica());
  return {
    emulator,
    tenant,
    replicas: started,
    call: (started[0] as SheetsReplica).call,
    startReplica,
    startProcess,
    database,
  };
}

/** A further account without limits, for tests that count something else. */
export async function addWideAccount({ call, emulator }: Pick<SheetsServices, 'call' | 'emulator'>): Promise<void> {
  const email = 'wide@wide.iam.gserviceaccount.com';
  const added = await call(
    'POST',
    '/services',
    {
      service_name: 'sheets_wide',
      service_type: 'sheets',
      display_name: 'An account without limits',
      base_url: emulator.url,
      credentials: await accountsOfEmulator(emulator).makeKey(email, 'wide', `${emulator.url}/token`),
      config: { adapter: 'google_sheets', read_requests_per_minute: 100_000, write_requests_per_minute: 100_000 },
    },
    { authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}` },
  );
  if (added.status !== 201) throw new Error(added.text);
  for (const quota of ['read', 'write', 'project_read', 'project_write']) {
    emulator.control.setQuota('google_sheets', null, quota);
  }
}

/**
 * The services with a further account, and Google's own client beside them, which writes as people do. `fill` writes
 * cells of a spreadsheet.
 */
export async function startSheetsBesideGoogle(
  t: Cleanup,
  { replicas = 1, env = {} }: { replicas?: number; env?: Record<string, string> } = {},
) {
  const services = await startSheetsServices(t, {
    replicas,
    env: { JWT_SECRET: jwtSecretOfTests, RATE_LIMIT_SHEETS_PER_MINUTE: '100000', ...env },
  });
  await addWideAccount(services);
  const google = await openGoogleClient(services.emulator);
  const fill = (spreadsheetId: string, values: unknown[][], range = 'Sheet1!A1') =>
    google.spreadsheets.values.update({ spreadsheetId, range, valueInputOption: 'RAW', requestBody: { values } });
  return { ...services, google, fill };
}

/** Google's own client, connected to the emulated Google. */
export async function openGoogleClient(emulator: Emulator): Promise<ReturnType<typeof sheets>> {
  const key = JSON.parse(await emulatedGoogleCredentials(emulator)) as { client_email: string; private_key: string };
  const auth = new googleAuth.JWT({
    email: key.client_email,
    key: key.private_key,
    scopes: ['https://www.googleapis.com/auth/spreadsheets'],
  });
  auth.transporter.interceptors.request.add({
    resolved: async (config) => {
      const url = new URL(String(config.url));
      config.url = new URL(`${emulator.url}${url.pathname}${url.search}`);
      return config;
    },
  });
  return sheets({ version: 'v4', auth, rootUrl: `${emulator.url}/` });
}

/** The content of the emulated sheet, read past all our caches. */
export async function readAtGoogle(emulator: Emulator, spreadsheetId: string, range: string): Promise<unknown[][]> {
  const accounts = accountsOfEmulator(emulator);
  const key = await accounts.makeKey(
    'observer@emulated-observer.iam.gserviceaccount.com',
    'observer',
    `${emulator.url}/token`,
  );
  const account = accounts.find(key.client_email);
  if (account === null) throw new Error('the observer has no account');
  const token = accounts.issueToken(account, ['https://www.googleapis.com/auth/spreadsheets']);
  const url = `${emulator.url}/v4/spreadsheets/${spreadsheetId}/values/${encodeURIComponent(range)}?valueRenderOption=UNFORMATTED_VALUE`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const body = (await reply.json()) as { values?: unknown[][] };
  return body.values ?? [];
}
