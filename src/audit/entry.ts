/** An entry of the audit log: one call to one provider. */
import type { TenantId } from '../ids.ts';
import type { KeptTrace } from './call-trace.ts';

export type AuditStatus = 'success' | 'error' | 'timeout' | 'rate_limited' | 'cancelled';

export interface Announcement {
  /** Whether another provider is asked next. */
  readonly willRetry: boolean;
  readonly responseSizeBytes: number;
}

/** An unmasked entry: the intake masks it (`audit/mask.ts`), so that no caller can forget to. */
export interface AuditEntry {
  /** A UUID version 7 whose time is `startedAtMs`. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly serviceId: string | null;
  readonly serviceName: string;
  readonly serviceType: string;
  readonly operation: string;
  /** The URL without its secret query values; masked again by the intake. */
  readonly endpoint: string | null;
  readonly httpMethod: string | null;
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly requestBody: Buffer | string | null;
  readonly responseStatusCode: number | null;
  readonly responseBody: Buffer | string | null;
  /** The full size, if the body is only the beginning. */
  readonly requestSizeBytes?: number;
  readonly responseSizeBytes?: number;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly completedAtMs: number;
  readonly status: AuditStatus;
  readonly errorMessage: string | null;
  readonly errorCode: string | null;
  /** Retries at this provider after the first attempt. */
  readonly retryCount: number;
  /** Position of this provider in the call's chain, from 1. */
  readonly attempt: number;
  readonly requestId: string;
  readonly sourceService: string | null;
  /** The caller's credential: `token:NAME`, `jwt:SUB`; null for internal requests. */
  readonly principal: string | null;
  readonly estimatedCostUsd: number;
  /** Billed elements per request, if more than one: the pairs of a matrix. Default: null. */
  readonly elements?: number | null;
  /** The trace of the whole call; only in its first entry. */
  readonly trace?: KeptTrace;
  /** Set if the events of the entry are published: the request, and its outcome. */
  readonly announcement?: Announcement;
  /** The account's exact secret values, masked wherever they appear, including error texts and bodies. */
  readonly secrets: readonly string[];
}
