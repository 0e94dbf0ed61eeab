/** What the geocoding routes share. */
import type { Clock } from '../../clock.ts';
import type { BatchDeps } from '../../geocoding/batch.ts';
import type { GeocodingDeps } from '../../geocoding/geocode.ts';
import type { GeocodingHealthDeps } from '../../geocoding/health.ts';
import type { Routes } from '../app.ts';
import type { RateLimitHeaders } from '../rate-limit-headers.ts';
import { distanceRoute } from './distance.ts';
import { geocodeRoute } from './geocode.ts';
import { geocodeBatchRoute } from './geocode-batch.ts';
import { geocodingHealthRoute } from './geocoding-health.ts';
import { reverseRoute } from './reverse.ts';

export interface GeocodingRouteDeps {
  geocoding: GeocodingDeps;
  limits: RateLimitHeaders;
  clock: Clock;
  /** How long one call may take, all its providers and retries together. */
  deadlineMs: number;
}

export interface GeocodingRoutesDeps extends GeocodingRouteDeps {
  batch: BatchDeps;
  health: GeocodingHealthDeps;
}

export function geocodingRoutes(deps: GeocodingRoutesDeps): Routes {
  return async (app) => {
    for (const routes of [
      geocodeRoute(deps),
      reverseRoute(deps),
      distanceRoute(deps),
      geocodeBatchRoute(deps),
      geocodingHealthRoute(deps),
    ]) {
      await routes(app);
    }
  };
}
