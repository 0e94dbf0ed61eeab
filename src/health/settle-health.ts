/**
 * Adds the attempts of one replica to the state that all replicas share, in one transaction with the new status and the
 * event that announces it. So each change is announced once, whichever replica saw it.
 */
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { DurableEvent } from '../outbox/events.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import {
  announceHealthState,
  lockServiceHealth,
  probeSoon,
  type ServiceHealthRow,
  saveHealthState,
} from '../storage/tables/service-health.ts';
import { type Attempted, afterAttempt, type HealthState, latelyOf, type Slice } from './judge-health.ts';

export interface SettleHealthDeps {
  readonly db: Pick<Database, 'forTenant'>;
  appendEvent(tx: Queryable, event: DurableEvent): Promise<unknown>;
}

/** Returns the new state; null if the service was deleted. Rejects while the database is away, and nothing is added. */
export async function settleHealth(
  deps: SettleHealthDeps,
  service: ExternalService,
  attempts: readonly Attempted[],
): Promise<HealthState | null> {
  return deps.db.forTenant(service.tenantId, async (tx) => {
    const row = await lockServiceHealth(tx, service.tenantId, service.id);
    if (row === null) return null;
    let state = stateOfRow(row);
    let isChanged = false;
    let isChangedByCall = false;
    for (const attempt of attempts) {
      const next = afterAttempt(state, attempt);
      if (next.status !== state.status) {
        isChanged = true;
        isChangedByCall ||= attempt.isProbe !== true;
        const event = eventOf(service, state, next, attempt);
        if (event !== null) await deps.appendEvent(tx, event);
      }
      state = next;
    }
    const saved = rowOfState(service.id, state);
    await saveHealthState(tx, service.tenantId, saved);
    // Only a probe can see its recovery, because its breaker keeps calls away.
    if (isChangedByCall) await probeSoon(tx, service.tenantId, service.id);
    if (isChanged) await announceHealthState(tx, { ...saved, service_name: service.serviceName });
    return state;
  });
}

/** The event of a change. The first healthy status of a service is not a recovery. */
function eventOf(
  service: ExternalService,
  before: HealthState,
  after: HealthState,
  { atMs, ok, durationMs }: Attempted,
): DurableEvent | null {
  if (before.status === 'unknown' && after.status === 'healthy') return null;
  const common = {
    tenantId: service.tenantId,
    serviceName: service.serviceName,
    correlationId: null,
    occurredAtMs: atMs,
    aggregateId: service.id,
  };
  if (after.status === 'healthy') {
    const downtimeMs = atMs - (before.unhealthySinceMs ?? atMs);
    return {
      ...common,
      type: 'integration.health.recovered',
      fields: {
        service_id: service.id,
        health_status: after.status,
        previous_status: before.status,
        downtime_seconds: Math.max(0, Math.round(downtimeMs / 100) / 10),
      },
    };
  }
  const { attempts, failures, durationMs: totalMs } = latelyOf(after);
  return {
    ...common,
    type: 'integration.health.degraded',
    fields: {
      service_id: service.id,
      health_status: after.status,
      previous_status: before.status,
      error_rate_percent: attempts === 0 ? (ok ? 0 : 100) : Math.round((1000 * failures) / attempts) / 10,
      avg_response_time_ms: Math.round(attempts === 0 ? durationMs : totalMs / attempts),
      consecutive_failures: after.failuresInRow,
      fallback_service_id: service.fallbackServiceId,
    },
  };
}

/** The state of a stored row. */
export function stateOfRow(row: ServiceHealthRow): HealthState {
  return {
    status: row.status as HealthStatus,
    failuresInRow: row.failures_in_row,
    successesInRow: row.successes_in_row,
    lately: row.lately as readonly Slice[],
    lastError: row.last_error,
    unhealthySinceMs: row.unhealthy_since?.getTime() ?? null,
    checkedAtMs: row.checked_at?.getTime() ?? null,
    usedAtMs: row.used_at?.getTime() ?? null,
  };
}

function rowOfState(serviceId: string, state: HealthState): ServiceHealthRow {
  return {
    service_id: serviceId,
    status: state.status,
    failures_in_row: state.failuresInRow,
    successes_in_row: state.successesInRow,
    lately: state.lately,
    last_error: state.lastError,
    unhealthy_since: state.unhealthySinceMs === null ? null : new Date(state.unhealthySinceMs),
    checked_at: state.checkedAtMs === null ? null : new Date(state.checkedAtMs),
    used_at: state.usedAtMs === null ? null : new Date(state.usedAtMs),
  };
}
