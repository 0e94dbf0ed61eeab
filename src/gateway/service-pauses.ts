/**
 * Why and until when a service is paused: a provider's `Retry-After`, a refused key, or failures. All replicas share a
 * provider's pause; breakers are this replica's own.
 */
import type { ExternalService } from '../directory/service.ts';
import type { LimitSubject, RateLimiter } from '../limits/limits.ts';
import type { Logger } from '../logger.ts';
import type { OpenedBy } from '../resilience/circuit-breaker.ts';
import type { CircuitBreakers } from '../resilience/circuit-breakers.ts';
import { breakerKeyOf } from './service-breaker.ts';

export interface ServicePause {
  readonly because: 'retry_after' | 'credentials_refused' | 'failures';
  /** Unix milliseconds. */
  readonly untilMs: number;
}

export interface ServicePauses {
  /** The pause that ends last; null if the service is not paused. */
  pauseOf(service: ExternalService): Promise<ServicePause | null>;
  /** Ends the provider's pause. Call it when the service was changed, or answers again. */
  end(service: ExternalService): Promise<void>;
}

export interface ServicePausesDeps {
  readonly breakers: Pick<CircuitBreakers, 'stateOf'>;
  readonly limiter: Pick<RateLimiter, 'pausedUntilMs' | 'resume'>;
  readonly logger: Logger;
  subjectsOf(service: ExternalService): readonly LimitSubject[];
}

const causeByOpening = { denied: 'credentials_refused', failures: 'failures' } as const satisfies Record<
  OpenedBy,
  string
>;

/** Creates the reader of pauses. */
export function createServicePauses({ breakers, limiter, logger, subjectsOf }: ServicePausesDeps): ServicePauses {
  return {
    async pauseOf(service) {
      const askedMs = await limiter.pausedUntilMs(service.tenantId, subjectsOf(service));
      const state = breakers.stateOf(breakerKeyOf(service));
      const opened = state?.kind === 'open' ? state : null;
      if (opened !== null && opened.openUntilMs > (askedMs ?? 0)) {
        return { because: causeByOpening[opened.because], untilMs: opened.openUntilMs };
      }
      return askedMs === null ? null : { because: 'retry_after', untilMs: askedMs };
    },
    async end(service) {
      const ends = subjectsOf(service).map((subject) => limiter.resume(service.tenantId, subject));
      for (const ended of await Promise.allSettled(ends)) {
        if (ended.status === 'rejected') {
          logger.warn({ err: ended.reason, service: service.serviceName }, 'could not end the pause of a service');
        }
      }
    },
  };
}

/** The pause in the API's names, for services and health. */
export function shownPause(pause: ServicePause | null): {
  readonly paused_until: string | null;
  readonly paused_because: ServicePause['because'] | null;
} {
  return {
    paused_until: pause === null ? null : new Date(pause.untilMs).toISOString(),
    paused_because: pause?.because ?? null,
  };
}
