/** Sample records, as the callers of the intake create them. */
import type { AuditEntry } from '../../src/audit/entry.ts';
import { newId, type TenantId } from '../../src/ids.ts';
import type { IntakeRecord, WebhookEventRecord } from '../../src/intake/intake.ts';
import type { DurableEvent } from '../../src/outbox/events.ts';
import { receivedEvent } from '../../src/webhooks/receiving/received-event.ts';

export const sampleTenant = 'uk_company_1' as TenantId;

export function sampleLog(overrides: Partial<AuditEntry> = {}): AuditEntry {
  const startedAtMs = overrides.startedAtMs ?? Date.now();
  return {
    id: newId(startedAtMs),
    tenantId: sampleTenant,
    serviceId: '018f0000-0000-7000-8000-000000000001',
    serviceName: 'google_maps',
    serviceType: 'geocoding',
    operation: 'geocode',
    endpoint: 'https://maps.googleapis.com/maps/api/geocode/json?address=Tashkent',
    httpMethod: 'GET',
    requestHeaders: { accept: 'application/json' },
    requestBody: null,
    responseStatusCode: 200,
    responseBody: '{"status":"OK"}',
    startedAtMs,
    completedAtMs: startedAtMs + 42,
    status: 'success',
    errorMessage: null,
    errorCode: null,
    retryCount: 0,
    attempt: 1,
    requestId: 'request-1',
    sourceService: 'tests',
    principal: null,
    estimatedCostUsd: 0.005,
    secrets: [],
    ...overrides,
  };
}

export function sampleEvent(overrides: Partial<DurableEvent> = {}): DurableEvent {
  return {
    type: 'integration.request.sent',
    tenantId: sampleTenant,
    serviceName: 'google_maps',
    correlationId: 'request-1',
    occurredAtMs: Date.now(),
    aggregateId: 'google_maps',
    fields: {
      log_id: newId(),
      service_id: null,
      operation: 'geocode',
      endpoint: null,
      http_method: 'GET',
      request_id: 'request-1',
      source_service: null,
    },
    ...overrides,
  } as DurableEvent;
}

export function sampleWebhook(overrides: Partial<WebhookEventRecord> = {}): WebhookEventRecord {
  const receivedAtMs = overrides.receivedAtMs ?? Date.now();
  return {
    id: newId(receivedAtMs),
    tenantId: sampleTenant,
    webhookId: '018f0000-0000-7000-8000-0000000000aa',
    webhookName: 'orders',
    sourceService: 'github',
    eventType: 'push',
    deliveryId: newId(),
    bodySha256: Buffer.alloc(32, 7),
    status: 'accepted',
    refusalReason: null,
    signatureVerified: true,
    matchedSecret: 'current',
    sourceAddress: '192.0.2.7',
    headers: { 'x-github-event': 'push' },
    payload: Buffer.from('{"ref":"main"}'),
    contentType: 'application/json',
    payloadSizeBytes: 14,
    requestId: 'request-1',
    receivedAtMs,
    deliverToTarget: false,
    ...overrides,
  };
}

/** A call whose events are published. */
export function sampleCall(overrides: Partial<AuditEntry> = {}): AuditEntry {
  return sampleLog({ announcement: { willRetry: false, responseSizeBytes: 15 }, ...overrides });
}

/** A delivery whose event is published. */
export function sampleDelivery(correlationId: string, overrides: Partial<WebhookEventRecord> = {}): IntakeRecord {
  const webhookEvent = sampleWebhook({ deliveryId: correlationId, requestId: correlationId, ...overrides });
  const received = receivedEvent(
    {
      ...webhookEvent,
      body: webhookEvent.payload ?? Buffer.alloc(0),
      includesRaw: webhookEvent.includesRaw === true,
      isTest: webhookEvent.isTest === true,
    },
    { publicBaseUrl: 'http://localhost:8006' },
  );
  return { webhookEvent, received };
}
