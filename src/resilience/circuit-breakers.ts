/** The circuit breakers of a process, one per service. */
import { setBounded } from '../bounded-map.ts';
import {
  type BreakerDeps,
  type BreakerPolicy,
  type BreakerState,
  type CircuitBreaker,
  createCircuitBreaker,
  defaultBreakerPolicy,
} from './circuit-breaker.ts';

export interface CircuitBreakers {
  /**
   * The breaker of this service, created closed at the first call. `policyOf` overrides parts of the default policy at
   * its creation.
   */
  breakerFor(serviceId: string, policyOf?: () => Partial<BreakerPolicy>): CircuitBreaker;
  /** Closes the breaker of this service; false if it is already closed or does not exist. */
  closeBreaker(serviceId: string): boolean;
  /** The state; null if the service has no breaker. Does not count as use. */
  stateOf(serviceId: string): BreakerState | null;
}

export interface CircuitBreakersDeps extends Omit<BreakerDeps, 'onChange'> {
  readonly onChange?: (serviceId: string, state: BreakerState) => void;
  /** Default 10,000. */
  readonly maxBreakers?: number;
}

/**
 * Creates an empty collection. At `maxBreakers` the least recently used breaker is dropped: if it was open, its
 * provider gets a few calls more than necessary.
 */
export function createCircuitBreakers(deps: CircuitBreakersDeps): CircuitBreakers {
  const { onChange, maxBreakers = 10_000, ...shared } = deps;
  const breakers = new Map<string, CircuitBreaker>();
  return {
    breakerFor(serviceId, policyOf) {
      let breaker = breakers.get(serviceId);
      if (breaker !== undefined) {
        // While half of the room is free, no breaker will be dropped soon, so the order of use is not updated.
        if (breakers.size * 2 < maxBreakers) return breaker;
      } else {
        breaker = createCircuitBreaker({
          ...shared,
          policy: { ...(shared.policy ?? defaultBreakerPolicy), ...policyOf?.() },
          ...(onChange === undefined ? {} : { onChange: (state) => onChange(serviceId, state) }),
        });
      }
      setBounded(breakers, serviceId, breaker, maxBreakers);
      return breaker;
    },
    closeBreaker(serviceId) {
      const breaker = breakers.get(serviceId);
      if (breaker === undefined || breaker.state().kind === 'closed') return false;
      breaker.close();
      return true;
    },
    stateOf: (serviceId) => breakers.get(serviceId)?.state() ?? null,
  };
}
