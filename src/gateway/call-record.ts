/**
 * Collects the records of a call: an audit row for each provider asked and each refusal by a limit, and their events.
 * They are written in one commit before the call is answered.
 */

import type { CallTrace } from '../audit/call-trace.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { ExternalService } from '../directory/service.ts';
import { newId, type TenantId } from '../ids.ts';
import type { IntakeRecord, OutboxRecord } from '../intake/intake.ts';
import type { LimitState } from '../limits/limits.ts';
import { type BudgetRefusalReason, describeAuditedBudget, describeRefusal } from '../limits/refusal-text.ts';
import type { RecordedExchange } from '../outbound/provider-http.ts';
import { limitExceededEvent } from '../outbox/limit-exceeded.ts';
import type { Carried } from './call.ts';

/** The parts of a call that its records name. */
export type RecordedCall = Pick<
  AuditEntry,
  'tenantId' | 'operation' | 'serviceType' | 'requestId' | 'sourceService' | 'principal'
>;

/** One provider that was asked, for its audit row. */
export interface AskedProvider
  extends Pick<
    AuditEntry,
    'startedAtMs' | 'completedAtMs' | 'status' | 'errorCode' | 'errorMessage' | 'retryCount' | 'secrets'
  > {
  readonly service: ExternalService;
  readonly exchange: RecordedExchange | null;
  readonly costUsd: number;
  /** Number of elements of a matrix; null for other requests. */
  readonly elements: number | null;
}

export interface CallRecord {
  readonly operation: string;
  /** The call's trace, stored with the first row. */
  readonly trace: CallTrace;
  asked(provider: AskedProvider): void;
  /** Completes the last row when the streamed body of its answer has ended. */
  carried(carried: Carried, nowMs: number): void;
  /** Adds a refusal. `service` null: the tenant's own limit, named in `state.subject`. */
  refusedByLimit(service: ExternalService | null, state: LimitState, nowMs: number): void;
  /** Adds a refusal by a budget. */
  refusedByBudget(service: ExternalService, because: BudgetRefusalReason, nowMs: number): void;
  /** The cost of the providers asked so far. */
  costUsd(): number;
  /** Whether there are no rows yet. */
  isEmpty(): boolean;
  /** All rows and events so far, or null if there are none. */
  toIntake(): IntakeRecord | null;
}

/** Creates an empty record. */
export function createCallRecord(
  call: RecordedCall,
  announceRefusal: (tenantId: TenantId, state: LimitState) => boolean,
  trace: CallTrace,
): CallRecord {
  const asked: (AuditEntry & { readonly announcement: { willRetry: boolean; responseSizeBytes: number } })[] = [];
  const refusals: AuditEntry[] = [];
  const refusalEvents: OutboxRecord[] = [];
  let place = 0;

  const common = (service: ExternalService | null) => ({
    tenantId: call.tenantId,
    serviceId: service?.id ?? null,
    serviceType: service?.serviceType ?? call.serviceType,
    operation: call.operation,
    attempt: ++place,
    requestId: call.requestId,
    sourceService: call.sourceService,
    principal: call.principal,
  });

  const refuse = (
    service: ExternalService | null,
    why: Pick<AuditEntry, 'serviceName' | 'errorCode' | 'errorMessage'>,
    nowMs: number,
  ): void => {
    refusals.push({
      ...common(service),
      ...why,
      id: newId(nowMs),
      endpoint: null,
      httpMethod: null,
      requestHeaders: null,
      requestBody: null,
      responseStatusCode: null,
      responseBody: null,
      startedAtMs: nowMs,
      completedAtMs: nowMs,
      status: 'rate_limited',
      retryCount: 0,
      estimatedCostUsd: 0,
      secrets: [],
    });
  };

  return {
    operation: call.operation,
    trace,
    asked(provider) {
      const { exchange } = provider;
      const entry = {
        ...common(provider.service),
        id: newId(provider.startedAtMs),
        serviceName: provider.service.serviceName,
        endpoint: exchange?.endpoint ?? null,
        httpMethod: exchange?.method ?? null,
        requestHeaders: exchange?.requestHeaders ?? null,
        requestBody: exchange?.requestBody ?? null,
        responseStatusCode: exchange?.reply?.status ?? null,
        responseBody: exchange?.reply?.body ?? null,
        startedAtMs: provider.startedAtMs,
        completedAtMs: provider.completedAtMs,
        status: provider.status,
        errorMessage: provider.errorMessage,
        errorCode: provider.errorCode,
        retryCount: provider.retryCount,
        estimatedCostUsd: provider.costUsd,
        elements: provider.elements,
        announcement: { willRetry: false, responseSizeBytes: exchange?.reply?.body?.length ?? 0 },
        secrets: provider.secrets,
      };
      const before = asked.at(-1);
      if (before !== undefined) before.announcement.willRetry = true;
      asked.push(entry);
    },
    carried({ fault, requestBody, responseSizeBytes, ...passed }, nowMs) {
      const entry = asked.at(-1);
      if (entry === undefined) return;
      Object.assign(entry, passed, fault ?? {}, {
        completedAtMs: nowMs,
        responseSizeBytes,
        requestBody: requestBody ?? entry.requestBody,
      });
      entry.announcement.responseSizeBytes = responseSizeBytes;
      trace.endedLater(nowMs - trace.startedAtMs);
    },
    refusedByLimit(service, state, nowMs) {
      const errorMessage = describeRefusal(state);
      refuse(service, { serviceName: state.subject.name, errorCode: 'RATE_LIMIT_EXCEEDED', errorMessage }, nowMs);
      if (announceRefusal(call.tenantId, state)) refusalEvents.push({ event: limitExceededEvent(call, state, nowMs) });
    },
    refusedByBudget(service, because, nowMs) {
      const errorMessage = describeAuditedBudget(because);
      refuse(service, { serviceName: service.serviceName, errorCode: 'BUDGET_EXCEEDED', errorMessage }, nowMs);
    },
    costUsd: () => asked.reduce((total, { estimatedCostUsd }) => total + estimatedCostUsd, 0),
    isEmpty: () => asked.length === 0 && refusals.length === 0,
    toIntake() {
      const [first, ...others] = [...asked, ...refusals];
      if (first === undefined) return null;
      return { logs: [{ ...first, trace: trace.kept() }, ...others], events: refusalEvents };
    },
  };
}
