/**
 * The rows that one intake commit writes, as they travel to PostgreSQL (one JSON parameter per table) and to the spool.
 * Names are the columns'. Times are RFC 3339 UTC, days `2026-11-22`.
 *
 * `gate` is the id of the record's anchor: its webhook event, else its first log, else its mark. What is gated is written
 * only if this commit wrote the anchor, so that a record is stored whole, once, or not at all, however often it comes.
 */
import type { StoredLog } from './audit/integration-logs.ts';
import type { OutboxRow } from './outbox-events.ts';

export interface LogRow
  extends Omit<
    StoredLog,
    'started_at' | 'completed_at' | 'duration_ms' | 'status' | 'request_id' | 'principal' | 'elements'
  > {
  /** Set only if a webhook event is the anchor; a log is its own anchor. */
  readonly gate: string | null;
  readonly management_company_id: string;
  readonly started_at: string;
  readonly completed_at: string;
  readonly duration_ms: number;
  readonly status: string;
  readonly request_id: string;
  /** Absent if an older process spooled the row. */
  readonly principal?: string | null;
  /** Number of pairs of a matrix. Absent if an older process spooled the row. */
  readonly elements?: number | null;
  /** JSON of what happened in the call. Absent if an older process spooled the row. */
  readonly trace?: string | null;
  /** Bytes of the provider's reply. Absent if an older process spooled the row. */
  readonly response_size_bytes?: number | null;
  /** Whether another provider is asked next. */
  readonly will_retry?: boolean | null;
  /** Its events are published from this row. */
  readonly is_announced?: boolean;
  /** Set by the commit: the last of the numbers given to its events. */
  origin_number?: number | null;
}

export interface LogBodyRow {
  readonly gate: string | null;
  readonly day: string;
  readonly management_company_id: string;
  readonly body_hash: string;
  readonly body: string;
}

export interface UsageRow {
  readonly gate: string;
  /** Whether the anchor is a mark that belongs to this record. */
  readonly is_mark: boolean;
  readonly day: string;
  readonly management_company_id: string;
  readonly service_name: string;
  readonly operation: string;
  readonly request_count: number;
  readonly error_count: number;
  readonly cached_count: number;
  readonly total_cost: number;
  readonly saved_by_cache: number;
  /** Absent if an older process spooled the row. */
  readonly at?: string;
}

export interface EventRow extends OutboxRow {
  /** null: the event is its own anchor. */
  readonly gate: string | null;
  readonly origin: string;
  readonly not_before: string | null;
}

export interface WebhookRow {
  readonly id: string;
  /** null: not deduplicated. */
  readonly delivery_key: string | null;
  readonly management_company_id: string;
  readonly webhook_id: string;
  readonly webhook_name: string;
  readonly source_service: string;
  readonly event_type: string | null;
  readonly delivery_id: string | null;
  /** Hexadecimal. */
  readonly body_sha256: string | null;
  /** For a delivery with a key: an equal body makes it a duplicate. Absent if an older process spooled the row. */
  readonly is_body_taken_once?: boolean;
  /**
   * The signature does not cover the delivery key: a known body under another key claims that key only together with
   * this body.
   */
  readonly is_id_unsigned?: boolean;
  readonly status: string;
  readonly refusal_reason: string | null;
  readonly signature_verified: boolean;
  readonly matched_secret: string | null;
  readonly source_address: string | null;
  /** JSON text. */
  readonly headers: string;
  /** Base64. */
  readonly payload: string | null;
  readonly content_type: string | null;
  readonly payload_size_bytes: number;
  /** Absent if an older process spooled the row. */
  readonly request_id?: string;
  readonly received_at: string;
  /** null or absent: ids and bodies are remembered as long as their rows are kept. */
  readonly duplicate_window_seconds?: number | null;
  /** This and the next are absent if an older process spooled the row. */
  readonly include_raw?: boolean;
  readonly is_test?: boolean;
  /** The id of its row in webhook_deliveries; null: not delivered over HTTP. */
  readonly target_delivery_id: string | null;
  /** The same for further targets. */
  readonly further_deliveries?: readonly { readonly id: string; readonly queue_id: string }[];
  /** When it may be delivered; null or absent: at once. */
  readonly target_due_at?: string | null;
  /** Its event is published from this row. */
  readonly is_announced?: boolean;
  /** Set by the commit. */
  origin_number?: number | null;
}

export interface IntakeRows {
  readonly webhooks: readonly WebhookRow[];
  readonly logs: readonly LogRow[];
  readonly bodies: readonly LogBodyRow[];
  readonly usage: readonly UsageRow[];
  readonly events: readonly EventRow[];
}
