/**
 * The cost of storing a delivery, without HTTP and publishing, against pgbench inserting the same row, one per
 * transaction: once the intake's commit of the event's row alone (and the webhook's counters), once everything that it
 * writes for a delivery in the service, with its delivery id and its outbox row. pgbench writes the one row in both.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import pino from 'pino';
import { createMasker } from '../../src/audit/mask.ts';
import { systemClock } from '../../src/clock.ts';
import { newId } from '../../src/ids.ts';
import { createIntake } from '../../src/intake/group-commit.ts';
import type { Intake, IntakeRecord } from '../../src/intake/intake.ts';
import { type Database, openDatabase } from '../../src/storage/postgres/database.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { ensurePartitions } from '../../src/storage/postgres/partitions.ts';
import { receivedEvent } from '../../src/webhooks/receiving/received-event.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { sampleTenant, sampleWebhook } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { startPgbenchServer } from '../peers/pgbench.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, median } from '../rounds.ts';

const inFlight = 128;
const webhookId = '018f0000-0000-7000-8000-0000000000bb';
const body = Buffer.from(JSON.stringify({ type: 'order.paid', id: newId(), filler: 'x'.repeat(800) }));
const headers = { 'content-type': 'application/json', 'user-agent': 'bench', 'x-event-type': 'order.paid' };
const path = 'webhook accepted, store only';
const against = `pgbench, one row a transaction, ${inFlight} clients`;
const aim = { atLeast: 1.2 };

interface Run {
  readonly perSecond: number;
  readonly latencyMsMean: number;
}

/** The same row as pgbench writes. */
const insertStatement = `
  insert into webhook_events (id, management_company_id, webhook_id, webhook_name, source_service, event_type, delivery_id,
    body_sha256, status, signature_verified, matched_secret, source_address, headers, payload, content_type,
    payload_size_bytes, received_at)
  values (gen_random_uuid(), '${sampleTenant}', '${webhookId}', 'orders', 'custom', 'order.paid', gen_random_uuid()::text,
    decode('${'07'.repeat(32)}', 'hex'), 'accepted', true, 'current', '192.0.2.7', '${JSON.stringify(headers)}',
    decode('${body.toString('base64')}', 'base64'), 'application/json', ${body.length}, now());`;

export async function benchWebhookStore(t: Cleanup, { rounds, durationMs, warmUpMs }: Effort): Promise<BenchRow[]> {
  const server = await startPgbenchServer(t);
  if (server === null) {
    return [{ path, against, ratio: null, unit: '×', aim, figures: {}, note: 'pgbench is missing on this machine' }];
  }
  const { db, intake } = await openOwn(t, server.databaseUrl);
  await insertWebhook(db);
  const variants: Readonly<Record<'own' | 'ownRowAlone' | 'peer', (durationMs: number) => Promise<Run>>> = {
    own: (forMs) => storeFor(intake, forMs, true),
    ownRowAlone: (forMs) => storeFor(intake, forMs, false),
    async peer(forMs) {
      const { transactionsPerSecond, latencyMsMean } = await server.run(insertStatement, inFlight, forMs);
      return { perSecond: transactionsPerSecond, latencyMsMean };
    },
  };
  const names = ['own', 'ownRowAlone', 'peer'] as const;
  for (const name of names) await variants[name](warmUpMs);
  const runs: Record<(typeof names)[number], Run[]> = { own: [], ownRowAlone: [], peer: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      await empty(server.databaseUrl);
      runs[name].push(await variants[name](durationMs));
    }
  }
  const perSecond = (name: (typeof names)[number]) => median(runs[name].map((run) => run.perSecond));
  const latencyMs = (name: (typeof names)[number]) => median(runs[name].map((run) => run.latencyMsMean));
  const figures = {
    ownPerSecond: perSecond('own'),
    ownMsMean: latencyMs('own'),
    ownRowAlonePerSecond: perSecond('ownRowAlone'),
    peerPerSecond: perSecond('peer'),
    peerMsMean: latencyMs('peer'),
  };
  return [
    { path, against, ratio: figures.ownRowAlonePerSecond / figures.peerPerSecond, unit: '×', aim, figures },
    {
      ...{ path: `${path}, with id and event`, against, unit: '×', aim, figures },
      ratio: figures.ownPerSecond / figures.peerPerSecond,
    },
  ];
}

/**
 * The intake as the service builds it, in this process, with one connection for its commits; no events are published.
 */
async function openOwn(t: Cleanup, url: string): Promise<{ db: Database; intake: Intake }> {
  const logger = pino({ level: 'silent' });
  await migrate({ url, logger });
  const db = openDatabase({ url, applicationName: 'webhook store bench', logger });
  t.after(() => db.close());
  await ensurePartitions(db, Date.now(), 1);
  const intake = createIntake({
    db,
    relay: silentRelay(),
    masker: createMasker(),
    clock: systemClock,
    logger,
    spool: null,
  });
  t.after(() => intake.close());
  return { db, intake };
}

/** The webhook whose counters every delivery updates. */
async function insertWebhook(db: Database): Promise<void> {
  await db.querySystem({
    text: `
      insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token,
        webhook_token_sha256, source_service, signature_scheme, max_payload_size_bytes, over_limit_policy)
      values ($1, $2, 'orders', 'http://localhost/api/v1/hooks/', 'sealed', '\\x07', 'custom', 'hmac_hex', 1048576, 'reject')`,
    values: [webhookId, sampleTenant],
  });
}

/** Every run begins with empty tables, and with all dirty pages written. */
async function empty(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('truncate webhook_events, webhook_deliveries_seen, outbox_events');
  await client.query('checkpoint');
  await client.end();
}

async function storeFor(intake: Intake, durationMs: number, isWhole: boolean): Promise<Run> {
  let stored = 0;
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + durationMs;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < endsAtMs) {
        await intake.record(sampleRecord(isWhole));
        stored += 1;
      }
    }),
  );
  const tookMs = performance.now() - startedAtMs;
  return { perSecond: (stored * 1_000) / tookMs, latencyMsMean: (tookMs * inFlight) / stored };
}

function sampleRecord(isWhole: boolean): IntakeRecord {
  const delivery = sampleWebhook({ webhookId, deliveryId: isWhole ? randomUUID() : null, headers, payload: body });
  const webhookEvent = { ...delivery, sourceService: 'custom', eventType: 'order.paid', payloadSizeBytes: body.length };
  if (!isWhole) return { webhookEvent };
  const event = receivedEvent(
    { ...webhookEvent, webhookName: 'orders', body, includesRaw: false, isTest: false },
    { publicBaseUrl: 'http://localhost' },
  );
  return { webhookEvent, events: [{ event, id: delivery.id }] };
}
