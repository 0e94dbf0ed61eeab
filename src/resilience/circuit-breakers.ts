/** The breakers of a process, by service id. */
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
   * The breaker of this service, made closed when first asked for. `policyOf` overrides the common policy when the breaker
   * is made.
   */
  breakerFor(serviceId: string, policyOf?: () => Partial<BreakerPolicy>): CircuitBreaker;
  /** Closes the breaker of this service; false where it is closed, or not in use. */
  closeBreaker(serviceId: string): boolean;
  /** null: it is not in use. Makes none, and counts as no use. */
  stateOf(serviceId: string): BreakerState | null;
}

export interface CircuitBreakersDeps extends Omit<BreakerDeps, 'onChange'> {
  readonly onChange?: (serviceId: string, state: BreakerState) => void;
  /** Default 10,000. */
  readonly maxBreakers?: number;
}

/**
 * The breakers of a process by service id. At `maxBreakers` the one unused for longest is forgotten: should it have been
 * open, its provider is asked a few times more than needed.
 */
export function createCircuitBreakers(deps: CircuitBreakersDeps): CircuitBreakers {
  const { onChange, maxBreakers = 10_000, ...shared } = deps;
  const breakers = new Map<string, CircuitBreaker>();
  return {
    breakerFor(serviceId, policyOf) {
      let breaker = breakers.get(serviceId);
      if (breaker !== undefined) {
        // While there is room enough nothing is forgotten, and the order of use is nobody's.
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
