/**
 * Measures how fast deliveries are accepted by the whole service (signature, duplicate check, durable, audit,
 * published), compared with a typical hand-written receiver, plain and tuned, alternately in one run; and the time of
 * an event from its 200 to a consumer.
 *
 * All write to the same PostgreSQL and to quorum queues of the same RabbitMQ.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { Connection } from 'rabbitmq-client';
import { cpuMicrosOf, cpuMicrosOfTree } from '../../../bench/load/cpu-time.ts';
import { openHttpConnection, renderRequest } from '../../../bench/load/http-connection.ts';
import { startServerProcess } from '../../../bench/processes.ts';
import { median, mediansOf } from '../../../bench/rounds.ts';
import { environmentAt, findServicePlace } from '../../../bench/service-process.ts';
import { findStores } from '../../../bench/stores.ts';
import { rabbitmqUrl } from '../../../test/support/broker.ts';
import type { Cleanup } from '../../../test/support/cleanup.ts';
import { startTestDatabase } from '../../../test/support/database.ts';
import { jwtSecretOfTests, signAdminToken } from '../../../test/support/service.ts';
import { waitFor } from '../../../test/support/wait-for.ts';

export interface WebhookBenchRow {
  readonly name: string;
  readonly ratio: number;
  readonly against: string;
  readonly unit: '×' | 'ms' | 'µs';
  readonly aim: { readonly atLeast: number } | { readonly atMost: number } | null;
  readonly figures: Readonly<Record<string, number>>;
}

export interface WebhookBenchEffort {
  readonly rounds: number;
  /** Before those that count. */
  readonly warmUpRounds: number;
  /** Of each variant in each round. */
  readonly deliveries: number;
}

interface Run {
  readonly acceptedPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** User and system time a delivery, its publication included. */
  readonly cpuMicros: CpuMicros;
}

/** By process: the receiver and the stores. */
interface CpuMicros extends Readonly<Record<string, number>> {
  readonly receiver: number;
}

const ourExchange = 'integration.events';
const secret = 'bench secret';
const connections = 128;
const pacedPerSecond = 1_000;
const filler = 'x'.repeat(800);

const peers = {
  tuned: 'Fastify, one prepared INSERT, one awaited publish',
  plain: 'the same, as one writes it first: unprepared, jsonb',
} as const;
type PeerForm = keyof typeof peers;
const peerForms = ['tuned', 'plain'] as const satisfies readonly PeerForm[];

export async function runWebhookBench(t: Cleanup, effort: WebhookBenchEffort): Promise<WebhookBenchRow[]> {
  const ours = await startOurs(t);
  const receivers = { tuned: await startPeer(t, 'tuned'), plain: await startPeer(t, 'plain') };
  const runs: Record<'ours' | PeerForm, Run[]> = { ours: [], tuned: [], plain: [] };
  for (let round = 1 - effort.warmUpRounds; round <= effort.rounds; round += 1) {
    const own = await sendAll(ours, effort.deliveries);
    if (round >= 1) runs.ours.push(own);
    for (const form of peerForms) {
      const other = await sendAll(receivers[form], effort.deliveries);
      if (round >= 1) runs[form].push(other);
    }
  }
  const delaysMs = await measureDelays(ours, Math.min(effort.deliveries, 5 * pacedPerSecond));

  const own = medianRun(runs.ours);
  return [
    ...peerForms.flatMap((form) => compare(own, medianRun(runs[form]), peers[form])),
    ...cpuRows(own),
    {
      name: `webhook from 200 to a consumer, p99 at ${pacedPerSecond}/s`,
      against: 'all features on',
      ratio: percentile(delaysMs, 0.99),
      unit: 'ms',
      aim: { atMost: 150 },
      figures: { msP50: percentile(delaysMs, 0.5), msMax: delaysMs.at(-1) ?? 0, events: delaysMs.length },
    },
  ];
}

/** µs a delivery that a process may take. */
const cpuAims: Readonly<Record<string, number>> = { receiver: 90, postgresql: 60 };

function cpuRows({ cpuMicros }: Run): WebhookBenchRow[] {
  return Object.entries(cpuMicros).map(([name, micros]) => ({
    name: `webhook accepted and published, ${name}`,
    against: 'user and system time a delivery',
    ratio: micros,
    unit: 'µs',
    aim: cpuAims[name] === undefined ? null : { atMost: cpuAims[name] },
    figures: {},
  }));
}

function compare(own: Run, other: Run, against: string): WebhookBenchRow[] {
  const figures = {
    ownPerSecond: own.acceptedPerSecond,
    ownMsP50: own.latencyMsP50,
    ownMsP99: own.latencyMsP99,
    ...Object.fromEntries(Object.entries(own.cpuMicros).map(([name, micros]) => [`ownMicros_${name}`, micros])),
    ...Object.fromEntries(Object.entries(other.cpuMicros).map(([name, micros]) => [`peerMicros_${name}`, micros])),
    peerPerSecond: other.acceptedPerSecond,
    peerMsP50: other.latencyMsP50,
    peerMsP99: other.latencyMsP99,
  };
  return [
    {
      ...{ name: 'webhook accepted', against, unit: '×', figures },
      ratio: own.acceptedPerSecond / other.acceptedPerSecond,
      aim: { atLeast: 1.4 },
    },
    {
      ...{ name: 'webhook accepted, p99', against, unit: '×', figures },
      ratio: own.latencyMsP99 / other.latencyMsP99,
      aim: { atMost: 0.5 },
    },
  ];
}

interface Receiver {
  readonly port: number;
  readonly path: string;
  readonly pids: readonly number[];
  /**
   * Resolves when these deliveries, and all before them, are published: neither receiver works in the other's time.
   * Default: they are when they are answered.
   */
  settle?(count: number): Promise<void>;
}

interface OurReceiver extends Receiver {
  /** When each event arrived at the consumer, by its webhook_event_id, on this process's clock. */
  readonly arrivedAtMs: ReadonlyMap<string, number>;
}

async function startOurs(t: Cleanup): Promise<OurReceiver> {
  const place = await findServicePlace(t);
  const { tenant } = place;
  const service = await startServerProcess({
    args: () => ['src/main.ts'],
    env: (port) => ({
      ...environmentAt(place, port),
      JWT_SECRET: jwtSecretOfTests,
      RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
    }),
  });
  t.after(() => service.close());
  const arrivedAtMs = new Map<string, number>();
  await consume(t, ourExchange, 'integration.webhook.received', (event) => {
    if (event.management_company_id === tenant) arrivedAtMs.set(event.webhook_event_id, performance.now());
  });
  const created = await fetch(`http://127.0.0.1:${service.port}/api/v1/webhooks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ webhook_name: 'bench', secret_key: secret }),
  });
  const { webhook_url } = (await created.json()) as { webhook_url: string };
  let accepted = 0;
  return {
    port: service.port,
    pids: service.pids,
    path: new URL(webhook_url).pathname,
    arrivedAtMs,
    async settle(count) {
      accepted += count;
      await waitFor('all that was accepted to be published', () => arrivedAtMs.size >= accepted, 60_000);
    },
  };
}

/** From a durable quorum queue, as a target service has one: the consumer's work is in this process for all receivers. */
async function consume(
  t: Cleanup,
  exchange: string,
  routingKey: string,
  onEvent: (event: { management_company_id: string; webhook_event_id: string }) => void,
): Promise<void> {
  const connection = new Connection({ url: rabbitmqUrl });
  const channel = await connection.acquire();
  const queue = `bench.webhooks.${randomUUID()}`;
  t.after(async () => {
    await channel.queueDelete({ queue });
    if (exchange !== ourExchange) await channel.exchangeDelete({ exchange });
    await channel.close();
    await connection.close();
  });
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  await channel.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.queueBind({ queue, exchange, routingKey });
  await channel.basicConsume({ queue, noAck: true }, ({ body }) => onEvent(body));
}

async function startPeer(t: Cleanup, form: PeerForm): Promise<Receiver> {
  const database = await startTestDatabase(t);
  const exchange = `bench.peer.${randomUUID()}`;
  await consume(t, exchange, '#', () => {});
  const peer = await startServerProcess({
    args: (port) => ['bench/peers/webhook-insert.ts', String(port), database.url, rabbitmqUrl, exchange, secret, form],
  });
  t.after(() => peer.close());
  return { port: peer.port, pids: peer.pids, path: '/hook' };
}

function signedRequest(path: string): Buffer {
  const body = JSON.stringify({ id: randomUUID(), type: 'order.paid', filler });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return renderRequest('POST', path, { 'content-type': 'application/json', 'x-webhook-signature': signature }, body);
}

/** Signed beforehand, so that the sender costs next to nothing while the receiver is measured. */
async function sendAll({ port, path, pids, settle }: Receiver, count: number): Promise<Run> {
  const requests = Array.from({ length: Math.ceil(count) }, () => signedRequest(path));
  const latenciesMs: number[] = [];
  const open = await Promise.all(Array.from({ length: connections }, () => openHttpConnection('127.0.0.1', port)));
  const before = readCpu(pids);
  const startedAtMs = performance.now();
  await Promise.all(
    open.map(async (connection) => {
      for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
        const sentAtMs = performance.now();
        const status = await connection.exchange(request);
        if (status !== 200) throw new Error(`a delivery was answered ${status}`);
        latenciesMs.push(performance.now() - sentAtMs);
      }
    }),
  );
  const seconds = (performance.now() - startedAtMs) / 1_000;
  for (const connection of open) connection.close();
  await settle?.(count);
  const spent = Object.entries(readCpu(pids)).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / count]);
  latenciesMs.sort((a, b) => a - b);
  return {
    acceptedPerSecond: latenciesMs.length / seconds,
    latencyMsP50: percentile(latenciesMs, 0.5),
    latencyMsP99: percentile(latenciesMs, 0.99),
    cpuMicros: Object.fromEntries(spent) as CpuMicros,
  };
}

/** Total CPU time by process; 0 if the system does not report it. */
function readCpu(pids: readonly number[]): CpuMicros {
  const stores = Object.entries(findStores()).map(([name, pid]) => [name, cpuMicrosOfTree(pid) ?? 0] as const);
  return { receiver: cpuMicrosOf(pids) ?? 0, ...Object.fromEntries(stores) };
}

/** From the 200 to the consumer, ascending, at a steady rate. An event that was quicker than its 200 took no time. */
async function measureDelays(ours: OurReceiver, count: number): Promise<number[]> {
  const { port, path, arrivedAtMs } = ours;
  const url = `http://127.0.0.1:${port}${path}`;
  const answered = new Map<string, number>();
  const send = async (): Promise<void> => {
    const body = JSON.stringify({ id: randomUUID(), type: 'order.paid', filler });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const reply = await fetch(url, { method: 'POST', headers: { 'x-webhook-signature': signature }, body });
    const { event_id } = (await reply.json()) as { event_id: string };
    answered.set(event_id, performance.now());
  };
  const sending: Promise<void>[] = [];
  const startedAtMs = performance.now();
  while (sending.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAtMs) * pacedPerSecond) / 1_000));
    while (sending.length < due) sending.push(send());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(sending);
  await waitFor('every event', () => [...answered.keys()].every((id) => arrivedAtMs.has(id)), 60_000);
  return [...answered].map(([id, atMs]) => Math.max(0, (arrivedAtMs.get(id) as number) - atMs)).sort((a, b) => a - b);
}

function medianRun(runs: readonly Run[]): Run {
  const medianOf = (pick: (run: Run) => number): number => median(runs.map(pick));
  return {
    acceptedPerSecond: medianOf(({ acceptedPerSecond }) => acceptedPerSecond),
    latencyMsP50: medianOf(({ latencyMsP50 }) => latencyMsP50),
    latencyMsP99: medianOf(({ latencyMsP99 }) => latencyMsP99),
    cpuMicros: mediansOf(runs.map(({ cpuMicros }) => cpuMicros)) as CpuMicros,
  };
}

function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
