/**
 * One Redis (or cluster) behind a deadline.
 *
 *   here ──three deadlines missed in a row──▶ away ──a ping answered in time──▶ here
 *   here ──a write refused (full, read-only …)─▶ away ──a write accepted──▶ here
 *
 * While away, and while there is no connection, a command is refused at once with `StoreAway` and is not sent: nothing
 * waits in a queue for a dead Redis, and a Redis that comes back is not met by a heap of old commands.
 */
import { Cluster, Redis, ReplyError } from 'ioredis';
import type { Logger } from '../../logger.ts';
import { StoreAway } from './shared-store.ts';

export type RedisClient = Redis | Cluster;

export interface RedisConnection {
  readonly client: RedisClient;
  readonly isCluster: boolean;
  isAvailable(): boolean;
  wasAvailable(): boolean;
  /** Why Redis refuses its configured address, or all writes, naming the variable; null if no problem is known. */
  problem(): string | null;
  /** Runs one command within the deadline. Rejects with `StoreAway`, or with Redis's own error about the command. */
  run<T>(command: (client: RedisClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const defaultDeadlineMs = 50;
const missesUntilAway = 3;
const pingIntervalMs = 250;
const connectTimeoutMs = 1_000;
const maxReconnectPauseMs = 500;
/**
 * Retry within the deadline when a slot moves or a node fails over; the library's default of 100 ms would exceed it.
 */
const clusterRetryPauseMs = 10;
/** A connection without an answer for this long is closed and replaced. */
const silentSocketMs = 2_000;
/** Maximum commands in flight; at 50 ms each this is far above what one process can send. More are refused. */
const maxInFlight = 20_000;

/** Matches errors with these codes. Redis before 7 puts its own words before the error of a command in a script. */
const withCode = (codes: string): RegExp => new RegExp(`(?:^|: -)(?:${codes})\\b`);
/**
 * A server that takes no writes until something is done about it: out of memory, read-only after a failover, without
 * its replicas, unable to save its snapshots.
 */
const refusingReplies = withCode('OOM|READONLY|LOADING|MASTERDOWN|NOREPLICAS|MISCONF|NOAUTH');
/** A server that does not serve this command now: slots that move or are unassigned, a slow script, a missing right. */
const passingReplies = withCode('CLUSTERDOWN|BUSY|TRYAGAIN|NOPERM');
/** Enough keys to reach every node of a cluster of ordinary size. */
const probesOfCluster = 32;
const probeLifeMs = 1_000;

export interface OpenRedisConnectionOptions {
  readonly urls: readonly string[];
  readonly logger: Logger;
  /** Of the keys that a probe writes. */
  readonly prefix: string;
  /** Default 50. */
  readonly deadlineMs?: number | undefined;
}

export function openRedisConnection({
  urls,
  logger,
  prefix,
  deadlineMs = defaultDeadlineMs,
}: OpenRedisConnectionOptions): RedisConnection {
  const client = createClient(urls);
  let missedInARow = 0;
  let away = false;
  /** Why it takes no writes; null if it is here, or away because it is late. */
  let refusal: string | null = null;
  let connected = false;
  let inFlight = 0;
  let pinging = false;
  let lastErrorMessage = '';
  let databaseRefused = false;
  let addressProblem: string | null = null;

  client.on('connect', () => {
    databaseRefused = false;
  });
  client.on('error', (cause: Error) => {
    databaseRefused ||= refusesDatabase(cause);
    addressProblem = addressProblemOf(cause) ?? addressProblem;
    // The error repeats with each attempt to reconnect; log each reason once.
    if (cause.message === lastErrorMessage) return;
    lastErrorMessage = cause.message;
    if (addressProblem === null) logger.warn({ err: cause }, 'no connection to Redis');
    else logger.error({ err: cause }, addressProblem);
  });
  client.on('ready', () => {
    if (databaseRefused) return;
    addressProblem = null;
    if (lastErrorMessage !== '') logger.info('connected to Redis again');
    lastErrorMessage = '';
    connected = true;
    if (refusal !== null) return; // A new connection does not make a full or read-only server take writes.
    missedInARow = 0;
    away = false;
  });

  const missed = (): void => {
    missedInARow += 1;
    if (away || missedInARow < missesUntilAway) return;
    away = true;
    logger.warn({ missedInARow, deadlineMs }, 'Redis missed its deadlines and counts as away');
  };

  const noteAway = (cause: unknown): void => {
    if (!(cause instanceof Error && refusingReplies.test(cause.message))) {
      missed();
      return;
    }
    if (refusal === null) logger.error({ err: cause }, 'Redis refuses commands and counts as away');
    refusal = `REDIS_URL: Redis refuses commands: ${cause.message}`;
    away = true;
  };

  let corked = false;
  /** Writes all commands of one event-loop turn to the socket together: one write per command cost 20 µs of CPU. */
  const gatherTurn = (): void => {
    if (corked || client instanceof Cluster) return; // A cluster's nodes have a connection each.
    const { stream } = client;
    corked = true;
    stream.cork();
    setImmediate(() => {
      corked = false;
      stream.uncork();
    });
  };

  const ping = async (): Promise<void> => {
    if (!away || pinging || client.status !== 'ready') return;
    pinging = true;
    try {
      const sentAtMs = performance.now();
      await (refusal === null ? client.ping() : writeProbes(client, prefix));
      if (performance.now() - sentAtMs > deadlineMs) return;
      logger.info(refusal === null ? 'Redis answers in time again' : 'Redis takes commands again');
      away = false;
      refusal = null;
      missedInARow = 0;
    } catch {
      // The next tick tries again.
    } finally {
      pinging = false;
    }
  };
  const pingTimer = setInterval(ping, pingIntervalMs).unref();

  return {
    client,
    isCluster: client instanceof Cluster,
    isAvailable: () => !away && !databaseRefused && client.status === 'ready',
    wasAvailable: () => connected,
    problem: () => addressProblem ?? refusal,

    async run(command) {
      if (away || databaseRefused || client.status !== 'ready' || inFlight >= maxInFlight) throw new StoreAway();
      inFlight += 1;
      gatherTurn();
      try {
        const answer = await withinDeadline(command(client), deadlineMs);
        missedInARow = 0;
        return answer;
      } catch (error) {
        if (error instanceof StoreAway) noteAway(error.cause);
        throw error;
      } finally {
        inFlight -= 1;
      }
    },

    async close() {
      clearInterval(pingTimer);
      client.disconnect();
    },
  };
}

async function writeProbes(client: RedisClient, prefix: string): Promise<void> {
  const count = client instanceof Cluster ? probesOfCluster : 1;
  const keys = Array.from({ length: count }, (_, index) => `${prefix}probe:${index}`);
  await Promise.all(keys.map((key) => client.set(key, '1', 'PX', probeLifeMs)));
}

/**
 * Whether Redis refuses the database that `REDIS_URL` names. The client would continue in database 0, which belongs to
 * another program, and use its keys.
 */
export function refusesDatabase(error: unknown): boolean {
  return error instanceof ReplyError && (error as { command?: { name?: unknown } }).command?.name === 'select';
}

function addressProblemOf(cause: Error): string | null {
  if (refusesDatabase(cause)) return 'REDIS_URL: Redis refuses the database number';
  const isOfLogin = /^(?:WRONGPASS|NOAUTH|NOPERM)\b|invalid password|without any password/i.test(cause.message);
  return isOfLogin ? 'REDIS_URL: Redis refuses the user or password' : null;
}

const isReadOnly = withCode('READONLY');

/** Options of each connection, whether to a single server or to a node of a cluster. */
const nodeOptions = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectTimeoutMs,
  socketTimeout: silentSocketMs,
  keepAlive: 10_000,
  disableClientInfo: true,
  connectionName: 'integration-service',
  // RESP2: proxies and managed services that do not support HELLO accept it.
  protocol: 2,
  // After a failover this connection is to a replica: reconnect to find the new primary.
  reconnectOnError: (error: Error) => (isReadOnly.test(error.message) ? 1 : false),
} as const;

function reconnectPauseMs(attempt: number): number {
  return Math.min(50 * attempt, maxReconnectPauseMs);
}

/** Several URLs are nodes of one cluster; the first one's user, password and TLS hold for all. */
export function createClient(urls: readonly string[]): RedisClient {
  const [first] = urls;
  if (first === undefined) throw new RangeError('no Redis URL');
  if (urls.length === 1) {
    return new Redis(first, { ...nodeOptions, enableOfflineQueue: false, retryStrategy: reconnectPauseMs });
  }
  const { username, password, protocol } = new URL(first);
  const cluster = new Cluster([...urls], {
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectPauseMs,
    slotsRefreshTimeout: connectTimeoutMs,
    retryDelayOnFailover: clusterRetryPauseMs,
    retryDelayOnClusterDown: clusterRetryPauseMs,
    retryDelayOnTryAgain: clusterRetryPauseMs,
    redisOptions: {
      ...nodeOptions,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    },
  });
  // Connects the nodes now. Otherwise the first command to a node connects it and misses its deadline.
  const connectNodes = (): void => {
    for (const node of cluster.nodes()) if (node.status === 'wait') node.connect().catch(() => {});
  };
  cluster.on('ready', connectNodes);
  cluster.on('+node', () => {
    if (cluster.status === 'ready') connectNodes();
  });
  return cluster;
}

/**
 * Turns lost connections and servers that cannot serve into `StoreAway`; passes on Redis's errors about the command
 * itself.
 */
async function withinDeadline<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new StoreAway(new Error(`no answer in ${deadlineMs} ms`)));
    // Read the sockets once more before giving up: if this process was busy, the answer may lie unread.
    timer = setTimeout(() => setImmediate(giveUp), deadlineMs);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof StoreAway) throw error;
    const { name, message } = error as Error;
    if (name === 'ReplyError' && !refusingReplies.test(message) && !passingReplies.test(message)) throw error;
    throw new StoreAway(error);
  } finally {
    clearTimeout(timer);
  }
}
