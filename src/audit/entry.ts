/** One call to one provider, as the audit log keeps it. */
import type { TenantId } from '../ids.ts';
import type { KeptTrace } from './call-trace.ts';

export type AuditStatus = 'success' | 'error' | 'timeout' | 'rate_limited' | 'cancelled';

export interface Announcement {
  /** Another provider is asked next. */
  readonly willRetry: boolean;
  readonly responseSizeBytes: number;
}

/** Before masking: `audit/mask.ts` runs inside the intake, so that no caller can forget it. */
export interface AuditEntry {
  /** A UUID version 7 whose time is `startedAtMs`. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly serviceId: string | null;
  readonly serviceName: string;
  readonly serviceType: string;
  readonly operation: string;
  /** The address without its query secrets; masked again on the way in. */
  readonly endpoint: string | null;
  readonly httpMethod: string | null;
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly requestBody: Buffer | string | null;
  readonly responseStatusCode: number | null;
  readonly responseBody: Buffer | string | null;
  /** Where a body is only the beginning of what passed: how long it was. */
  readonly requestSizeBytes?: number;
  readonly responseSizeBytes?: number;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly completedAtMs: number;
  readonly status: AuditStatus;
  readonly errorMessage: string | null;
  readonly errorCode: string | null;
  /** Repeats at this provider beyond the first attempt. */
  readonly retryCount: number;
  /** Place of this provider in the call's chain, from 1. */
  readonly attempt: number;
  readonly requestId: string;
  readonly sourceService: string | null;
  /** Whose credential asked: `token:NAME`, `jwt:SUB`; null where nobody did. */
  readonly principal: string | null;
  readonly estimatedCostUsd: number;
  /** What the provider bills of one request, where it is more than the request: the pairs of a matrix. Default: null. */
  readonly elements?: number | null;
  /** What happened in the whole call: with the first of its entries. */
  readonly trace?: KeptTrace;
  /** Its events are published: that the provider was asked, and how it answered. */
  readonly announcement?: Announcement;
  /** Exact secret values of this call's account, masked wherever they appear, also in error texts and bodies. */
  readonly secrets: readonly string[];
}
