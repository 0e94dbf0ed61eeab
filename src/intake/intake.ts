/**
 * The interface of the one durable writer. The parts of a record commit together. `record` resolves when they are
 * durable: committed in PostgreSQL, or flushed to the spool while PostgreSQL is away. It rejects with `IntakeFull` if
 * neither has room; the caller must then acknowledge nothing.
 */
import type { AuditEntry } from '../audit/entry.ts';
import type { TenantId } from '../ids.ts';
import type { DurableEvent } from '../outbox/events.ts';

/** A received delivery: an accepted one has its payload, a refused one only the reason. */
export interface WebhookEventRecord {
  /** A UUID version 7 whose time is `receivedAtMs`. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly webhookId: string;
  readonly webhookName: string;
  readonly sourceService: string;
  readonly eventType: string | null;
  /**
   * The sender's id of this delivery, unique per webhook; null for refused deliveries, which are never deduplicated.
   */
  readonly deliveryId: string | null;
  readonly bodySha256: Buffer | null;
  /** An equal body accepted before makes this delivery a duplicate, whatever its id. */
  readonly isBodyTakenOnce?: boolean;
  /** The signature does not cover the id: an attacker who replays a delivery can change it. */
  readonly isIdUnsigned?: boolean;
  readonly status: 'accepted' | 'deferred' | 'refused' | 'ignored';
  readonly refusalReason: string | null;
  readonly signatureVerified: boolean;
  readonly matchedSecret: 'current' | 'previous' | null;
  readonly sourceAddress: string | null;
  /** Already masked. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer | null;
  readonly contentType: string | null;
  readonly payloadSizeBytes: number;
  /** The id of the request that delivered it. */
  readonly requestId: string;
  readonly receivedAtMs: number;
  /**
   * The delivery also goes to the webhook's target over HTTP, through a row in webhook_deliveries that is due when the
   * event may be published.
   */
  readonly deliverToTarget: boolean;
  /** Ids of further targets that get the delivery. */
  readonly deliverToFurther?: readonly string[];
  /** The delivery counts as new even if an equal one was accepted before. */
  readonly isNeverDuplicate?: boolean;
  /** How long a repeated id or body counts as a duplicate; default: as long as ids and bodies are stored. */
  readonly duplicateWindowSeconds?: number | null;
  /** The event includes the payload's raw bytes. */
  readonly includesRaw?: boolean;
  /** A sample delivery made on request. */
  readonly isTest?: boolean;
}

/** An event that may be published only from `notBeforeMs` on (a deferred webhook). */
export interface OutboxRecord {
  readonly event: DurableEvent;
  /** The event's own id, a UUID; by default a new one. */
  readonly id?: string;
  readonly notBeforeMs?: number;
}

/** Usage that a cache hit, or a call without an audit row, adds to the day's roll-up. */
export interface UsageRecord {
  readonly tenantId: TenantId;
  readonly serviceName: string;
  readonly operation: string;
  /** Unix milliseconds; decides the day, UTC. */
  readonly atMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly cached: number;
  readonly costUsd: number;
  readonly savedByCacheUsd: number;
}

/** What one caller writes in one step. */
export interface IntakeRecord {
  readonly logs?: readonly AuditEntry[];
  readonly events?: readonly OutboxRecord[];
  readonly usage?: readonly UsageRecord[];
  readonly webhookEvent?: WebhookEventRecord;
  /** The event of `webhookEvent`, published from that row. Its id is the delivery's id. */
  readonly received?: DurableEvent;
}

export interface IntakeReceipt {
  /**
   * The id of the first delivery, if `webhookEvent` repeats its id (or its body, if bodies count). Nothing of this
   * record was written.
   */
  readonly duplicateOf: string | null;
  readonly storedIn: 'database' | 'spool';
}

/** Why a record was refused. */
export type IntakeFullCause = 'stopping' | 'no_room' | 'spool_full' | 'no_spool' | 'spool_failed';

const causes: Readonly<Record<IntakeFullCause, string>> = {
  stopping: 'the process is stopping',
  no_room: 'too many records wait for a commit',
  spool_full: 'PostgreSQL is away and the spool is full',
  no_spool: 'PostgreSQL is away and there is no spool',
  spool_failed: 'PostgreSQL is away and the spool cannot be written',
};

/** Nothing was stored: neither PostgreSQL nor the spool accepts the record. */
export class IntakeFull extends Error {
  readonly because: IntakeFullCause;

  constructor(because: IntakeFullCause, cause?: unknown) {
    super(causes[because], cause === undefined ? undefined : { cause });
    this.name = 'IntakeFull';
    this.because = because;
  }
}

export interface Intake {
  record(record: IntakeRecord): Promise<IntakeReceipt>;
  /** Counts the usage without waiting: it is added to the next commit. For cache hits. */
  addUsage(usage: UsageRecord): void;
  /** Writes the gathered usage, so that a report can read it. */
  writeUsage(): Promise<void>;
  /** Writes everything gathered, then closes. */
  close(): Promise<void>;
}
