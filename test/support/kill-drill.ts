/**
 * Three replicas on real stores, one of them killed under load. Then everything acknowledged must be in the audit log
 * and among a consumer's events, and the provider's count must be within its quota.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { rabbitmqUrl } from './broker.ts';
import type { Cleanup } from './cleanup.ts';
import { startTestDatabase } from './database.ts';
import { consumeEventsOf } from './events.ts';
import { redisUrl } from './redis.ts';
import { type ReplicaProcess, startReplicaProcess } from './replica-process.ts';
import { homeAddress, limitGoogle, startVendors } from './vendors.ts';
import { waitFor } from './wait-for.ts';

export interface KillDrillOptions {
  /** Duration of the load; the replica is killed at half of it. */
  readonly durationMs: number;
  /** Google's limit per minute over all replicas; further calls go to Yandex. */
  readonly googlePerMinute: number;
  readonly callersPerReplica: number;
  /** A separate Redis database: replicas of other tests must not count as these. */
  readonly redisDatabase: number;
  readonly log?: (line: string) => void;
}

export interface KillDrillCounts {
  /** Calls that got 200. */
  readonly acknowledged: number;
  /** Those of them that the surviving replicas answered after the kill. */
  readonly acknowledgedAfterKill: number;
  /** Failed calls to surviving replicas. */
  readonly failed: readonly string[];
  /** Calls in flight at the killed replica: never acknowledged. */
  readonly lostInHand: number;
  /** Acknowledged calls in the audit log. */
  readonly audited: number;
  /** Acknowledged calls with an event at the consumer. */
  readonly announced: number;
  readonly eventsConsumed: number;
  /** Repeated deliveries of an event. */
  readonly eventsRepeated: number;
  readonly googleReceived: number;
  readonly googleMaxPerMinute: number;
}

/** Rows of a dead process are taken over when its lease of 15 s has expired. */
const settleDeadlineMs = 90_000;
const callDeadlineMs = 30_000;

export async function runKillDrill(t: Cleanup, options: KillDrillOptions): Promise<KillDrillCounts> {
  const { durationMs, googlePerMinute, callersPerReplica, log = () => {} } = options;
  const vendors = await startVendors(t);
  const database = await startTestDatabase(t);
  const setting = { tenant: `drill_${randomUUID().slice(0, 18)}`, token: `token-${randomUUID()}` };
  const events = await consumeEventsOf(t, setting.tenant);
  const env = {
    ...vendors.env,
    DATABASE_URL: database.url,
    REDIS_URL: new URL(`/${options.redisDatabase}`, redisUrl).href,
    RABBITMQ_URL: rabbitmqUrl,
    MANAGEMENT_COMPANY_ID: setting.tenant,
    SERVICE_TOKENS: `drill:${setting.token}`,
  };
  // The first replica registers the services, which then get their limit before the first call.
  const replicas = [await startReplicaProcess(t, env)];
  await limitGoogle({ database, tenant: setting.tenant }, googlePerMinute);
  replicas.push(...(await Promise.all([startReplicaProcess(t, env), startReplicaProcess(t, env)])));
  for (const { url, pid } of replicas) log(`replica ${pid} at ${url}`);

  const load = startLoad({ ...setting, replicas, callersPerReplica });
  await delay(durationMs / 2);
  const [victim] = replicas as [ReplicaProcess];
  load.noteKill(victim);
  await victim.kill();
  log(`replica ${victim.pid} killed with SIGKILL after ${load.acknowledged.length} acknowledged calls`);
  await delay(durationMs / 2);
  await load.stop();

  const acknowledged = load.acknowledged.map(({ requestId }) => requestId);
  const announced = (): number => countKnown(acknowledged, new Set(answeredCalls(events.all)));
  log('load ended; waiting until the events of the killed replica have been taken over');
  await waitFor('all events', () => announced() === acknowledged.length, settleDeadlineMs).catch(() => {});
  const { rows } = await database.db.querySystem<{ request_id: string }>({
    text: `select distinct request_id from integration_logs where management_company_id = $1 and status = 'success'`,
    values: [setting.tenant],
  });
  const { received, maxPerMinute } = vendors.control.requests('google_maps');
  return {
    acknowledged: acknowledged.length,
    acknowledgedAfterKill: load.acknowledged.filter(({ afterKill }) => afterKill).length,
    failed: load.failed,
    lostInHand: load.lostInHand(),
    audited: countKnown(acknowledged, new Set(rows.map(({ request_id: id }) => id))),
    announced: announced(),
    eventsConsumed: events.all.length,
    eventsRepeated: events.all.length - new Set(events.all.map(({ event_id: id }) => id)).size,
    googleReceived: received,
    googleMaxPerMinute: maxPerMinute,
  };
}

function* answeredCalls(events: Awaited<ReturnType<typeof consumeEventsOf>>['all']): Generator<string> {
  for (const { event_type: type, correlation_id: id } of events) {
    if (type === 'integration.request.completed') yield id;
  }
}

function countKnown(ids: readonly string[], known: ReadonlySet<string>): number {
  return ids.filter((id) => known.has(id)).length;
}

interface Load {
  readonly acknowledged: readonly { readonly requestId: string; readonly afterKill: boolean }[];
  readonly failed: readonly string[];
  lostInHand(): number;
  noteKill(victim: ReplicaProcess): void;
  stop(): Promise<void>;
}

/** Each caller asks one replica a new question after each answer. */
function startLoad(setting: {
  readonly tenant: string;
  readonly token: string;
  readonly replicas: readonly ReplicaProcess[];
  readonly callersPerReplica: number;
}): Load {
  const acknowledged: { requestId: string; afterKill: boolean }[] = [];
  const failed: string[] = [];
  let killed: ReplicaProcess | null = null;
  let lostInHand = 0;
  let asked = 0;
  let stopping = false;

  const ask = async (replica: ReplicaProcess): Promise<void> => {
    const requestId = randomUUID();
    asked += 1;
    try {
      const reply = await fetch(`${replica.url}/api/v1/geocoding/geocode`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-management-company-id': setting.tenant,
          'x-service-token': setting.token,
          'x-request-id': requestId,
        },
        body: JSON.stringify({ address: homeAddress(asked) }),
        signal: AbortSignal.timeout(callDeadlineMs),
      });
      const text = await reply.text();
      if (reply.status === 200) acknowledged.push({ requestId, afterKill: killed !== null && replica !== killed });
      else failed.push(`${reply.status} ${text}`);
    } catch (error) {
      if (replica === killed) lostInHand += 1;
      else failed.push(String(error));
    }
  };
  const askOn = async (replica: ReplicaProcess): Promise<void> => {
    while (!stopping && replica !== killed) await ask(replica);
  };
  const callers = setting.replicas.flatMap((replica) =>
    Array.from({ length: setting.callersPerReplica }, () => askOn(replica)),
  );
  return {
    acknowledged,
    failed,
    lostInHand: () => lostInHand,
    noteKill(victim) {
      killed = victim;
    },
    async stop() {
      stopping = true;
      await Promise.all(callers);
    },
  };
}
