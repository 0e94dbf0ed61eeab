/** A service with a month of generated traffic and a scripted day, for measuring or drawing the console. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { openDatabase } from '../src/storage/postgres/database.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import type { ScriptedDay } from '../test/support/console-day.ts';
import type { TestService } from '../test/support/service.ts';
import { buildConsole } from './build-console.ts';
import { fillDeliveriesAndAnswers, fillLogs, fillSeries, largeTenant } from './fill-rows.ts';
import { ensureTestBrowser } from './test-browser.ts';
import { ensureTestServices } from './test-services.ts';

const days = 30;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

export interface FilledService {
  readonly service: TestService;
  readonly day: ScriptedDay;
  readonly rows: number;
}

/** `url`: your own database, filled if it is empty, and kept; otherwise a new one, dropped after `t`. */
export async function openFilledService(
  t: Cleanup,
  { rows, url }: { readonly rows: number; readonly url?: string | undefined },
): Promise<FilledService> {
  await buildConsole();
  process.env.TEST_BROWSER = ensureTestBrowser(say);
  const servers = await ensureTestServices(say);
  Object.assign(process.env, servers.env);
  t.after(() => servers.close());
  // These modules read the addresses above when they are imported.
  const { openTestDatabase, startEmptyDatabase } = await import('../test/support/database.ts');
  const { startTestReplica } = await import('../test/support/service.ts');
  const { liveThroughDay } = await import('../test/support/console-day.ts');
  const databaseUrl = url ?? (await startEmptyDatabase(t));
  const filled = await fill(databaseUrl, rows);
  const first = { database: openTestDatabase(t, databaseUrl), tenant: largeTenant, token: `token-${randomUUID()}` };
  const service = await startTestReplica(t, first, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    // A kept database is used again by the next run.
    ENCRYPTION_KEYS: `kept:${Buffer.alloc(32, 'filled-service').toString('base64')}`,
  });
  return { service, day: await liveThroughDay(t, service), rows: filled };
}

async function fill(url: string, rows: number): Promise<number> {
  const logger = pino({ level: 'silent' });
  await migrate({ url, logger });
  const db = openDatabase({ url, applicationName: 'fill', logger, statementTimeoutMs: 1_200_000 });
  try {
    const { rows: found } = await db.asOwner((tx) =>
      tx.query<{ count: number }>({ text: 'select count(*)::int as count from integration_logs' }),
    );
    if ((found[0]?.count ?? 0) > 0) return found[0]?.count as number;
    const nowMs = Date.now();
    await fillLogs(db, { rows, days, nowMs });
    await fillSeries(db, { nowMs });
    await fillDeliveriesAndAnswers(db, { count: Math.ceil(rows / 100), days, nowMs });
    return rows;
  } finally {
    await db.close();
  }
}
