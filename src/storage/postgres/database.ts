/**
 * PostgreSQL, real or embedded: the same driver, the same SQL.
 *
 * Rows come as the driver reads them, except that `bigint` is a number and `date` a string (`2026-11-22`).
 * Every wait has a deadline: a statement that the server does not answer, or a connection that cannot be made, rejects
 * with `DatabaseAway`; while the database is known to be away every call rejects with it at once, until a probe is
 * answered again.
 *
 * Every statement runs under one of two roles that cannot bypass row-level security:
 * `forTenant` sees one tenant's rows, `acrossTenants` is background work and says why. `asOwner` is for migrations and
 * partitions only.
 */
import { parseTenantId, type TenantId } from '../../ids.ts';
import type { Logger } from '../../logger.ts';
import { createAvailability } from './availability.ts';
import { type ConnectionSettings, connectionConfig, createConnectionPool } from './connection-pool.ts';
import { createNotifications } from './notifications.ts';
import { probeDatabase } from './probe-database.ts';
import type { Queryable, Rows, Statement } from './queryable.ts';
import { systemRole, tenantRole } from './roles.ts';

export { DatabaseAway } from './database-away.ts';
export type { Queryable, Rows, Statement } from './queryable.ts';

export interface Database {
  /** One transaction as `integration_service_tenant` with `app.tenant_id` set: commits when `work` returns, rolls back when it throws. */
  forTenant<T>(tenantId: TenantId, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Like `forTenant`, but read-only, and all statements see one snapshot whatever is committed between them. */
  readForTenant<T>(tenantId: TenantId, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** One transaction as `integration_service_system`. `purpose` appears in pg_stat_activity. */
  acrossTenants<T>(purpose: string, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** One statement as `integration_service_system`, without the round trips of a transaction. */
  querySystem<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>;
  /** One transaction as the owner of the tables: partitions and migrations. */
  asOwner<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Calls `onNotify` for each NOTIFY, and with null after a reconnect, because notifications may have been lost. */
  listen(channel: string, onNotify: (payload: string | null) => void): Promise<() => Promise<void>>;
  /** Resolves within `deadlineMs`; false if the database does not answer, or takes no writes. */
  isReachable(deadlineMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** The login that owns the tables, for partitions; by default the login of `url`. */
  readonly ownerUrl?: string | null;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly logger: Logger;
  /** The limit for all roles together; at least 4. The listening connection and a probe are not counted. */
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
  /**
   * For statements of tenants and background work. The owner's migrations and partitions may take six times as long.
   */
  readonly statementTimeoutMs?: number;
  /** Called for each answered statement with its prepared name, or null. */
  readonly onStatement?: (name: string | null, durationMs: number) => void;
}

const defaultMaxConnections = 20;
const defaultConnectTimeoutMs = 2_000;
const defaultStatementTimeoutMs = 10_000;

/** Connects at the first statement, not here, so that a service may start while its database is away. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const maxConnections = Math.max(4, options.maxConnections ?? defaultMaxConnections);
  const connectTimeoutMs = options.connectTimeoutMs ?? defaultConnectTimeoutMs;
  const statementTimeoutMs = options.statementTimeoutMs ?? defaultStatementTimeoutMs;
  const ownerConnections = 2;
  const shared = Math.floor((maxConnections - ownerConnections) / 2);
  const settingsFor = (role: string | null, connections: number): ConnectionSettings => ({
    url: options.url,
    applicationName: options.applicationName,
    role,
    maxConnections: connections,
    connectTimeoutMs,
    statementTimeoutMs: role === null ? statementTimeoutMs * 6 : statementTimeoutMs,
  });
  const ownSettings = settingsFor(null, ownerConnections);
  const ownerSettings = { ...ownSettings, url: options.ownerUrl ?? options.url };

  const availability = createAvailability({
    // A database that only reads is not away: what it can answer goes on.
    probe: () => probeDatabase(connectionConfig(ownSettings), connectTimeoutMs),
    onAway: () => {
      for (const pool of pools) pool.dropConnections();
      notifications.drop();
    },
    onBack: () => notifications.wake(),
    logger: options.logger,
  });
  const deps = { availability, logger: options.logger, onStatement: options.onStatement };
  const tenantPool = createConnectionPool(settingsFor(tenantRole, shared), deps);
  const systemPool = createConnectionPool(settingsFor(systemRole, shared), deps);
  const ownerPool = createConnectionPool(ownerSettings, deps);
  const pools = [tenantPool, systemPool, ownerPool];
  const notifications = createNotifications({
    config: connectionConfig(settingsFor(systemRole, 1)),
    logger: options.logger,
  });

  return {
    forTenant: (tenantId, work) => tenantPool.transaction(`begin; ${becomeTenant(tenantId)}`, work),
    readForTenant: (tenantId, work) =>
      tenantPool.transaction(`begin isolation level repeatable read read only; ${becomeTenant(tenantId)}`, work),
    acrossTenants(purpose, work) {
      const name = `${options.applicationName}: ${purpose}`.replaceAll(/[^\w .,:-]/g, '').slice(0, 63);
      return systemPool.transaction(`begin; set local application_name = '${name}'`, work);
    },
    querySystem: (statement) => systemPool.query(statement),
    asOwner: (work) => ownerPool.transaction('begin', work),
    listen: (channel, onNotify) => notifications.listen(channel, onNotify),
    async isReachable(deadlineMs) {
      try {
        await probeDatabase(connectionConfig(ownSettings), deadlineMs, { mustWrite: true });
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      availability.close();
      await notifications.close();
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}

/** Sets the role again, in case an earlier statement on this connection reset it to the login. */
function becomeTenant(tenantId: TenantId): string {
  return `set local role ${tenantRole}; set local app.tenant_id = '${parseTenantId(tenantId)}'`;
}
