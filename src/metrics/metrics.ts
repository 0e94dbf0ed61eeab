/**
 * All metrics, as typed functions for the rooms that count.
 *
 * Metric names are public, because dashboards and alerts use them, and are never changed. Tenants are never a label: if
 * several tenants have services of one name, a gauge shows the worst of them.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { add, type Cells, createCells, type HistogramCell, newCounterCell, observe } from './cells.ts';
import { exposeCounters, exposeGauges, exposeHistograms } from './exposition.ts';
import { type BreakerKind, createServiceGauges, type ServiceHealth, type Share } from './service-gauges.ts';
import { createServiceLabels } from './service-labels.ts';

export interface OutboxState {
  readonly backlog: number;
  readonly oldestAgeSeconds: number;
}

export interface Metrics {
  /** A provider was asked; `status` as in the audit log. */
  requestSettled(service: string, operation: string, status: string, durationMs: number): void;
  /** A limit refused a call: counted as a request with the status `rate_limited`, without a duration. */
  requestRefused(service: string, operation: string): void;
  cacheHit(service: string, operation: string): void;
  cacheMiss(service: string, operation: string): void;
  /** An answer was evicted from this process's memory. Redis and PostgreSQL have their own metrics. */
  cacheEvicted(): void;
  rateLimitExceeded(service: string): void;
  /** Replaces all windows of one of an account's limits. `accountId` distinguishes tenants' services of one name. */
  rateLimitUtilization(service: string, accountId: string, limit: string, windows: readonly Share[]): void;
  serviceHealth(service: string, accountId: string, status: ServiceHealth): void;
  breakerState(service: string, accountId: string, state: BreakerKind): void;
  /** The spent share of a month's budget; `service` is `*` for a tenant's budget over all services. */
  budgetUtilization(service: string, accountId: string, ratio: number, untilMs: number): void;
  /** Removes the gauges of a deleted service. */
  forgetAccount(accountId: string): void;
  costIncurred(service: string, costUsd: number): void;
  httpRequest(method: string, route: string, status: number, durationMs: number): void;
  databaseQuery(name: string, durationMs: number): void;
  eventPublished(eventType: string, durationMs: number): void;
  telemetryDropped(count: number): void;
  webhookDelivery(source: string, outcome: string): void;
  /** The event loop was blocked for too long. */
  eventLoopStalled(durationMs: number): void;
  /** One try to send a problem message: `sent`, `failed` (tried again) or `given_up`. */
  alertSettled(channel: string, outcome: 'sent' | 'failed' | 'given_up'): void;
  /** Sets the function that is called at each scrape. */
  setOutboxSource(read: () => OutboxState): void;
  /** The text format of Prometheus, and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Seconds, from a memory hit to a provider's whole deadline. */
const durationBoundsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface MetricsOptions {
  readonly clock: Clock;
  /** Collects prom-client's metrics of the process and the garbage collector. Default true. */
  readonly processMetrics?: boolean;
}

/** Registers all metrics. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const labelOf = createServiceLabels();
  const sourceLabelOf = createServiceLabels();

  const counters = (name: string, help: string, labelNames: readonly string[]) => {
    const cells = createCells(newCounterCell);
    exposeCounters(registry, { name, help }, labelNames, cells);
    return cells;
  };
  const histograms = (name: string, help: string, labelNames: readonly string[]): Cells<HistogramCell> => {
    const cells = createCells(() => ({ counts: new Float64Array(durationBoundsSeconds.length + 1), sum: 0 }));
    exposeHistograms(registry, { name, help }, labelNames, durationBoundsSeconds, cells);
    return cells;
  };
  const observeMs = (cell: HistogramCell, durationMs: number) =>
    observe(cell, durationBoundsSeconds, durationMs / 1000);

  const requests = counters('integration_requests_total', 'Requests to external services.', [
    'service',
    'operation',
    'status',
  ]);
  const requestDurations = histograms(
    'integration_request_duration_seconds',
    'Duration of requests to external services, including retries.',
    ['service', 'operation'],
  );
  const cacheHits = counters('integration_cache_hits_total', 'Answers from a cache.', ['service', 'operation']);
  const cacheMisses = counters(
    'integration_cache_misses_total',
    'Questions that no cache could answer, by the service that answered; by the family if no service did.',
    ['service', 'operation'],
  );
  const evictions = counters(
    'integration_cache_evictions_total',
    'Answers evicted from the memory of the process.',
    [],
  ).of('');
  const limitsExceeded = counters('integration_rate_limits_exceeded_total', 'Requests refused by a limit.', [
    'service',
  ]);
  const costs = counters('integration_cost_usd_total', 'Cost of external services, in USD.', ['service']);
  const httpDurations = histograms('integration_http_request_duration_seconds', 'Requests to this service.', [
    'method',
    'route',
    'status',
  ]);
  const queryDurations = histograms('integration_database_query_duration_seconds', 'Database statements.', ['query']);
  const publishDurations = histograms(
    'integration_event_publish_duration_seconds',
    'Time from sending an event to the broker to its confirm.',
    ['event_type'],
  );
  const telemetryDrops = counters(
    'integration_telemetry_events_dropped_total',
    'Cache events dropped above the bound of rate or queue.',
    [],
  ).of('');
  const webhooks = counters('integration_webhook_deliveries_total', 'Webhook deliveries received.', [
    'source',
    'outcome',
  ]);
  const stalls = histograms('integration_event_loop_stall_seconds', 'Stalls of the event loop over 200 ms.', []).of('');
  const alerts = counters('integration_alerts_total', 'Tries to send a problem message.', ['channel', 'outcome']);
  const gauges = createServiceGauges(registry, options.clock);
  const outbox = exposeOutbox(registry);

  return {
    requestSettled(service, operation, status, durationMs) {
      const label = labelOf(service);
      add(requests.of(label, operation, status), 1);
      observeMs(requestDurations.of(label, operation), durationMs);
    },
    requestRefused: (service, operation) => add(requests.of(labelOf(service), operation, 'rate_limited'), 1),
    cacheHit: (service, operation) => add(cacheHits.of(labelOf(service), operation), 1),
    cacheMiss: (service, operation) => add(cacheMisses.of(labelOf(service), operation), 1),
    cacheEvicted: () => add(evictions, 1),
    rateLimitExceeded: (service) => add(limitsExceeded.of(labelOf(service)), 1),
    rateLimitUtilization: (service, accountId, limit, windows) =>
      gauges.setUtilization(labelOf(service), accountId, limit, windows),
    serviceHealth: (service, accountId, status) => gauges.setHealth(labelOf(service), accountId, status),
    breakerState: (service, accountId, state) => gauges.setBreaker(labelOf(service), accountId, state),
    budgetUtilization: (service, accountId, ratio, untilMs) =>
      gauges.setBudget(labelOf(service), accountId, ratio, untilMs),
    forgetAccount: gauges.forget,
    costIncurred: (service, costUsd) => add(costs.of(labelOf(service)), costUsd),
    httpRequest: (method, route, status, durationMs) =>
      observeMs(httpDurations.of(method, route, String(status)), durationMs),
    databaseQuery: (name, durationMs) => observeMs(queryDurations.of(name), durationMs),
    eventPublished: (eventType, durationMs) => observeMs(publishDurations.of(eventType), durationMs),
    telemetryDropped: (count) => add(telemetryDrops, count),
    webhookDelivery: (source, outcome) => add(webhooks.of(sourceLabelOf(source), outcome), 1),
    eventLoopStalled: (durationMs) => observeMs(stalls, durationMs),
    alertSettled: (channel, outcome) => add(alerts.of(channel, outcome), 1),
    setOutboxSource: outbox.setSource,
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function exposeOutbox(registry: Registry): { setSource(read: () => OutboxState): void } {
  let read: () => OutboxState = () => ({ backlog: 0, oldestAgeSeconds: 0 });
  exposeGauges(registry, { name: 'integration_outbox_backlog', help: 'Durable events not yet confirmed.' }, () => [
    { value: read().backlog, labels: {} },
  ]);
  exposeGauges(
    registry,
    { name: 'integration_outbox_oldest_age_seconds', help: 'Age of the oldest event not yet confirmed.' },
    () => [{ value: read().oldestAgeSeconds, labels: {} }],
  );
  return {
    setSource: (source) => {
      read = source;
    },
  };
}
