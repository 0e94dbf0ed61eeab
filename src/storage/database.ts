/**
 * PostgreSQL, real or embedded: the same driver, the same SQL.
 *
 * Every statement runs under one of two roles that cannot bypass row-level security:
 * `forTenant` sees one tenant's rows, `acrossTenants` is background work and says why. `asOwner` is for migrations and
 * partitions only.
 */
import type { TenantId } from '../ids.ts';

export interface Statement {
  /** Names a prepared statement; one name, one text. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Rows<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>;
}

export interface Database {
  /** One transaction as `integration_service_tenant` with `app.tenant_id` set: commits when `work` returns, rolls back when it throws. */
  forTenant<T>(tenantId: TenantId, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** One transaction as `integration_service_system`. `purpose` appears in pg_stat_activity. */
  acrossTenants<T>(purpose: string, work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** One statement as `integration_service_system`, without the round trips of a transaction. */
  querySystem<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>;
  /** One transaction as the owner of the tables: partitions and migrations. */
  asOwner<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Calls `onNotify` for each NOTIFY, and with null after a reconnect, when some may have been missed. */
  listen(channel: string, onNotify: (payload: string | null) => void): Promise<() => Promise<void>>;
  /** Resolves within `deadlineMs`, false where the database does not answer. */
  isReachable(deadlineMs: number): Promise<boolean>;
  close(): Promise<void>;
}
