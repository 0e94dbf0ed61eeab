/** The breaker of a service as it is configured now. */
import type { ExternalService } from '../directory/service.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { CallDeps } from './deps.ts';

/**
 * A changed service begins with a closed breaker: whoever replaces a refused key should not wait for the minutes that the
 * old one had earned.
 */
export function breakerOf(deps: Pick<CallDeps, 'breakers'>, service: ExternalService): CircuitBreaker {
  return deps.breakers.breakerFor(`${service.id} ${service.updatedAtMs}`);
}

export function showBreaker(deps: Pick<CallDeps, 'metrics'>, service: ExternalService, breaker: CircuitBreaker): void {
  deps.metrics.breakerState(service.serviceName, service.id, breaker.state().kind);
}
