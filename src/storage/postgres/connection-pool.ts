/**
 * Connections that all run under one role, and the transactions on them.
 *
 * The role is part of the connection (`-c role=…` at start), so that it costs no round trip and `reset role` leads back
 * to it, not to the login. Statements are pipelined: `begin` and the first statement travel together.
 */
import pg from 'pg';
import type { Logger } from '../../logger.ts';
import type { Availability } from './availability.ts';
import { DatabaseAway, isConnectionFailure, isReadOnly } from './database-away.ts';
import type { Queryable, Rows, Statement } from './queryable.ts';

export interface ConnectionSettings {
  readonly url: string;
  readonly applicationName: string;
  /** null: the login's own rights, for migrations and partitions. */
  readonly role: string | null;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** Enforced by the server. The client waits `answerGraceMs` longer and then treats the server as gone. */
  readonly statementTimeoutMs: number;
}

export interface PoolDeps {
  readonly availability: Availability;
  readonly logger: Logger;
  /** Called for each answered statement with its prepared name, or null. */
  readonly onStatement?: ((name: string | null, durationMs: number) => void) | undefined;
}

export interface ConnectionPool {
  query<Row>(statement: Statement): Promise<Rows<Row>>;
  /**
   * `begin` is the SQL that opens the transaction and may set it up. It is trusted: any input in it must be escaped.
   */
  transaction<T>(begin: string, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Ends every connection at once; statements that wait on them reject with `DatabaseAway`. */
  dropConnections(): void;
  close(): Promise<void>;
}

const answerGraceMs = 1_000;
const lockTimeoutMs = 5_000;
const idleInTransactionTimeoutMs = 15_000;
const idleConnectionTimeoutMs = 60_000;
/** The most callers that wait for a connection. More are refused, because they would miss their deadline. */
const maxWaiting = 2_000;

/**
 * PostgreSQL plans a prepared statement once, often while its table is empty or the outbox is drained. A sequential
 * scan is then cheapest, and stays the plan when the table is full: under load a lookup of 20 cached answers took 12
 * ms. Statements of these roles look rows up by key. JIT compilation would cost more than it saves.
 */
const plannerOptions = '-c enable_seqscan=off -c jit=off';

export function connectionConfig(settings: ConnectionSettings): pg.ClientConfig {
  const url = new URL(settings.url);
  if (settings.role !== null) {
    const options = [url.searchParams.get('options'), `-c role=${settings.role}`, plannerOptions].filter(
      (part) => part !== null,
    );
    url.searchParams.set('options', options.join(' '));
  }
  return {
    connectionString: url.href,
    application_name: settings.applicationName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    lock_timeout: Math.min(lockTimeoutMs, settings.statementTimeoutMs),
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    query_timeout: settings.statementTimeoutMs + answerGraceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
    types: { getTypeParser },
  };
}

/** Our bigints are counters far below 2^53. A `date` is a calendar day, not an instant in the machine's time zone. */
const getTypeParser: typeof pg.types.getTypeParser = ((oid: number, format?: 'text' | 'binary') => {
  if (format !== 'binary' && oid === pg.types.builtins.INT8) return Number;
  if (format !== 'binary' && oid === pg.types.builtins.DATE) return String;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}) as typeof pg.types.getTypeParser;

export function createConnectionPool(settings: ConnectionSettings, deps: PoolDeps): ConnectionPool {
  const pool = new pg.Pool({
    ...connectionConfig(settings),
    max: settings.maxConnections,
    idleTimeoutMillis: idleConnectionTimeoutMs,
  });
  const busy = new Set<pg.PoolClient>();
  /** All open connections, idle ones too. */
  const connected = new Set<pg.PoolClient>();
  let isClosing = false;
  pool.on('connect', (client) => connected.add(client));
  pool.on('remove', (client) => connected.delete(client));
  pool.on('error', (cause) => {
    // Connections report errors also after the pool has ended; an embedded server that stops then is expected. While
    // the database is away the outage is already logged, and we drop the connections ourselves.
    if (!isClosing && deps.availability.isHere())
      deps.logger.warn({ err: cause }, 'an idle database connection was lost');
  });

  const acquire = async (): Promise<pg.PoolClient> => {
    if (!deps.availability.isHere()) throw new DatabaseAway('it did not answer lately');
    if (pool.waitingCount >= maxWaiting) throw new DatabaseAway('too many callers wait for a connection');
    try {
      const client = await pool.connect();
      // A connection that breaks between two statements emits an error here; the next statement then fails.
      client.on('error', ignoreError);
      busy.add(client);
      return client;
    } catch (cause) {
      const allBusy = busy.size >= settings.maxConnections;
      if (!allBusy) deps.availability.reportUnreachable(cause);
      throw new DatabaseAway(allBusy ? 'every connection is busy' : 'no connection could be made', { cause });
    }
  };

  const release = (client: pg.PoolClient, broken: boolean): void => {
    busy.delete(client);
    client.removeListener('error', ignoreError);
    client.release(broken);
  };

  /** `decisive`: if the answer is lost, it is unknown whether the statement took effect. */
  const send = async (client: pg.PoolClient, statement: Statement, decisive: boolean): Promise<pg.QueryResult> => {
    const answered = deps.availability.watch();
    const startedAtMs = performance.now();
    try {
      const result = await client.query(statement as pg.QueryConfig);
      deps.onStatement?.(statement.name ?? null, performance.now() - startedAtMs);
      return result;
    } catch (cause) {
      if (isReadOnly(cause)) throw new DatabaseAway('it is read-only', { cause });
      if (!isConnectionFailure(cause)) throw cause;
      throw new DatabaseAway('the connection was lost', { cause, outcomeUnknown: decisive });
    } finally {
      answered();
    }
  };

  return {
    async query<Row>(statement: Statement) {
      const client = await acquire();
      let broken = false;
      try {
        return rowsOf<Row>(await send(client, statement, true));
      } catch (error) {
        broken = isConnectionFailure(error);
        throw error;
      } finally {
        release(client, broken);
      }
    },

    async transaction<T>(begin: string, work: (tx: Queryable) => Promise<T>) {
      const client = await acquire();
      let open = true;
      const tx: Queryable = {
        async query<Row>(statement: Statement) {
          if (!open) throw new Error('statement after the end of its transaction');
          return rowsOf<Row>(await send(client, statement, false));
        },
      };
      let broken = false;
      try {
        // Not awaited, so that both travel together. If `begin` fails, the first statement of the work fails too.
        const begun = send(client, { text: begin }, false);
        begun.catch(ignoreError);
        const result = await work(tx);
        await begun;
        open = false;
        const { command } = await send(client, { text: 'commit' }, true);
        // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, without an error.
        if (command !== 'COMMIT') throw new Error('COMMIT became ROLLBACK: an earlier error was ignored');
        return result;
      } catch (error) {
        open = false;
        broken =
          isConnectionFailure(error) ||
          (await send(client, { text: 'rollback' }, false).then(
            () => false,
            () => true,
          ));
        throw error;
      } finally {
        release(client, broken);
      }
    },

    dropConnections() {
      // Drops idle connections too: their server may be gone for good although another one answers at its address. A
      // statement sent on such a connection would wait until its timeout.
      for (const client of connected) socketOf(client).destroy();
    },

    async close() {
      isClosing = true;
      await pool.end();
    },
  };
}

function rowsOf<Row>(result: pg.QueryResult): Rows<Row> {
  return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
}

/** The driver offers no way to end a connection whose server is silent; its stream is the documented stand-in. */
function socketOf(client: pg.PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

function ignoreError(): void {}
