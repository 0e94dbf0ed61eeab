/** Nothing acknowledged is lost or stored twice, whatever is killed or away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createMasker } from '../../src/audit/mask.ts';
import { systemClock } from '../../src/clock.ts';
import { newId } from '../../src/ids.ts';
import { createIntake } from '../../src/intake/group-commit.ts';
import { openSpool } from '../../src/intake/spool.ts';
import { startOutboxRelay } from '../../src/outbox/relay.ts';
import { createKeyring } from '../../src/secrets/keyring.ts';
import { receivedMessage } from '../../src/webhooks/receiving/received-event.ts';
import { rabbitmqUrl, startTestBroker } from '../support/broker.ts';
import { silentLogger, startTestDatabase } from '../support/database.ts';
import { countUnpublished } from '../support/outbox.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

interface Acknowledged {
  readonly correlationId: string;
  readonly isDelivery: boolean;
  readonly storedIn: 'database' | 'spool';
}

const writer = fileURLToPath(new URL('../support/durable-writer.ts', import.meta.url));

/** Runs a writer until it acknowledged `count` records, then kills it. `onCount` is called for each. */
async function runAndKill(
  args: readonly string[],
  count: number,
  onCount: (acknowledged: number) => void,
): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [writer, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: Acknowledged[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(JSON.parse(line) as Acknowledged);
      onCount(acknowledged.length);
      if (acknowledged.length === count) child.kill('SIGKILL');
    }
  } finally {
    child.kill('SIGKILL');
  }
  return acknowledged;
}

async function checkAfterKills(
  t: TestContext,
  lives: number,
  plan: (faults: { cutDatabase(): void; cutBroker(): void; resume(): void }, count: number) => void,
): Promise<Acknowledged[]> {
  const spoolPath = await mkdtemp(join(tmpdir(), 'durability-'));
  t.after(() => rm(spoolPath, { recursive: true, force: true }));
  const { db, url } = await startTestDatabase(t);
  const { broker, exchange, delivered } = await startTestBroker(t);
  const databaseProxy = await startTcpProxy(t, url);
  const brokerProxy = await startTcpProxy(t, rabbitmqUrl);
  const faults = {
    cutDatabase: () => databaseProxy.cut(),
    cutBroker: () => brokerProxy.cut(),
    resume: () => {
      databaseProxy.resume();
      brokerProxy.resume();
    },
  };

  const acknowledged: Acknowledged[] = [];
  for (let life = 0; life < lives; life++) {
    faults.resume();
    const args = [databaseProxy.through(url), brokerProxy.through(rabbitmqUrl), exchange, spoolPath];
    acknowledged.push(...(await runAndKill(args, 400, (count) => plan(faults, count))));
  }

  // The next process takes over their spools and their events.
  const relay = await startOutboxRelay({
    db,
    broker,
    clock: systemClock,
    logger: silentLogger,
    origin: newId(),
    messageOfDelivery: (row, number) => receivedMessage(row, number, 'http://localhost:8006'),
    pollIntervalMs: 50,
  });
  t.after(() => relay.close());
  const intake = createIntake({
    db,
    relay,
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: await openSpool({
      path: spoolPath,
      keyring: createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]),
      logger: silentLogger,
    }),
  });
  t.after(() => intake.close());
  const select = async <Row>(text: string) => (await db.querySystem<Row>({ text })).rows;
  await waitFor(
    'the spools and the outbox to be empty',
    async () => {
      const files = await readdir(spoolPath, { recursive: true });
      return !files.some((file) => file.endsWith('.seg')) && (await countUnpublished(db)) === 0;
    },
    30_000,
  );

  const stored = await select<{ key: string }>(
    'select delivery_id as key from webhook_events union all select request_id from integration_logs',
  );
  const times = new Map<string, number>();
  for (const { key } of stored) times.set(key, (times.get(key) ?? 0) + 1);
  assert.deepEqual(
    [...times.values()].filter((count) => count !== 1),
    [],
  );
  assert.deepEqual(
    acknowledged.filter(({ correlationId }) => times.get(correlationId) !== 1),
    [],
  );

  const published = new Set(delivered.map(({ body }) => correlationOf(body)));
  assert.deepEqual(
    acknowledged.filter(({ correlationId }) => !published.has(correlationId)),
    [],
  );

  // The roll-up counts exactly the stored rows.
  const [counts] = await select<{ rows: number; counted: number }>(
    'select (select count(*) from integration_logs) as rows, (select sum(request_count)::int from usage_daily) as counted',
  );
  assert.equal(counts?.counted, counts?.rows);
  return acknowledged;
}

function correlationOf(body: unknown): string {
  const parsed = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body;
  return (parsed as { correlation_id: string }).correlation_id;
}

test('a process is killed under traffic, repeatedly', async (t) => {
  const acknowledged = await checkAfterKills(t, 4, () => undefined);
  assert.ok(acknowledged.length >= 1_600);
});

test('killed while PostgreSQL is away: the next process stores the spooled records', async (t) => {
  const acknowledged = await checkAfterKills(t, 3, (faults, count) => {
    if (count === 150) faults.cutDatabase();
  });
  assert.ok(acknowledged.some(({ storedIn }) => storedIn === 'spool'));
});

test('killed while RabbitMQ is away', async (t) => {
  await checkAfterKills(t, 2, (faults, count) => {
    if (count === 150) faults.cutBroker();
  });
});

test('killed when both were away and had just come back', async (t) => {
  await checkAfterKills(t, 3, (faults, count) => {
    if (count === 100) {
      faults.cutDatabase();
      faults.cutBroker();
    }
    if (count === 300) faults.resume();
  });
});
