/**
 * The one durable writer. What is handed in together commits together; what gathers while a commit runs goes next.
 *
 * `record` resolves when the facts are durable: committed in PostgreSQL, or, while it is away, fsynced in the spool.
 * It rejects with `IntakeFull` when neither has room, and the caller must then not acknowledge anything.
 */
import type { AuditEntry } from '../audit/entry.ts';
import type { TenantId } from '../ids.ts';
import type { DurableEvent } from '../outbox/events.ts';

/** A delivery that was received: accepted ones carry their payload, refused ones only why. */
export interface WebhookEventRecord {
  /** A UUID version 7 whose time is `receivedAtMs`. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly webhookId: string;
  readonly webhookName: string;
  readonly sourceService: string;
  readonly eventType: string | null;
  /** The sender's id of this delivery, unique per webhook; null for refused ones, which are never de-duplicated. */
  readonly deliveryId: string | null;
  readonly bodySha256: Buffer | null;
  /** An equal body that was taken before makes it a duplicate, whatever its id. */
  readonly isBodyTakenOnce?: boolean;
  /** The signature does not cover the id: an attacker who replays a delivery can change it. */
  readonly isIdUnsigned?: boolean;
  readonly status: 'accepted' | 'deferred' | 'refused' | 'ignored';
  readonly refusalReason: string | null;
  readonly signatureVerified: boolean;
  readonly matchedSecret: 'current' | 'previous' | null;
  readonly sourceAddress: string | null;
  /** Masked already. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer | null;
  readonly contentType: string | null;
  readonly payloadSizeBytes: number;
  /** Of the request that brought it. */
  readonly requestId: string;
  readonly receivedAtMs: number;
  /** Where the event also goes by HTTP: a row in webhook_deliveries, due when the event may be published. */
  readonly deliverToTarget: boolean;
  /** The same for further targets, by their ids. */
  readonly deliverToFurther?: readonly string[];
  /** It is a new one also where an equal one was taken. */
  readonly isNeverDuplicate?: boolean;
  /** How long a repeated id or body counts as a duplicate; default: as long as they are kept. */
  readonly duplicateWindowSeconds?: number | null;
  /** Its event bears its bytes. */
  readonly includesRaw?: boolean;
  /** A sample, made on request. */
  readonly isTest?: boolean;
}

/** An event that may be published only from `notBeforeMs` on (a deferred webhook). */
export interface OutboxRecord {
  readonly event: DurableEvent;
  /** The event's own id, a UUID; default a fresh one. */
  readonly id?: string;
  readonly notBeforeMs?: number;
}

/** What a cache hit, or a call without an audit row, adds to the day's roll-up. */
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

export interface IntakeRecord {
  readonly logs?: readonly AuditEntry[];
  readonly events?: readonly OutboxRecord[];
  readonly usage?: readonly UsageRecord[];
  readonly webhookEvent?: WebhookEventRecord;
  /** The event of `webhookEvent`: published from that row. It bears the delivery's id. */
  readonly received?: DurableEvent;
}

export interface IntakeReceipt {
  /**
   * Set where `webhookEvent.deliveryId` (or its body, where that counts) was seen before: the id of the first one;
   * nothing of this record was written.
   */
  readonly duplicateOf: string | null;
  readonly storedIn: 'database' | 'spool';
}

/** Why a record was not taken. */
export type IntakeFullCause = 'stopping' | 'no_room' | 'spool_full' | 'no_spool' | 'spool_failed';

const causes: Readonly<Record<IntakeFullCause, string>> = {
  stopping: 'the process is stopping',
  no_room: 'too many records wait for a commit',
  spool_full: 'PostgreSQL is away and the spool is full',
  no_spool: 'PostgreSQL is away and there is no spool',
  spool_failed: 'PostgreSQL is away and the spool cannot be written',
};

/** Nothing was kept: neither PostgreSQL nor the spool takes the record. */
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
  /** Counted, not awaited: added to the next commit. For usage of cache hits. */
  addUsage(usage: UsageRecord): void;
  /** Writes the usage in hand, before a report reads it. */
  writeUsage(): Promise<void>;
  /** Writes all that is in hand. */
  close(): Promise<void>;
}
