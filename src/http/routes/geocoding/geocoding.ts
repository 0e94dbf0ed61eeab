/** Registers the geocoding routes, one file each. */
import type { BatchDeps } from '../../../geocoding/batch.ts';
import type { GeocodingHealthDeps } from '../../../geocoding/health.ts';
import type { GeocodingQuality } from '../../../geocoding/quality.ts';
import type { Routes } from '../../app.ts';
import { distanceRoute } from './distance.ts';
import { geocodeRoute } from './geocode.ts';
import { geocodeBatchRoute } from './geocode-batch.ts';
import { geocodingHealthRoute } from './geocoding-health.ts';
import { geocodingQualityRoute } from './geocoding-quality.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';
import { geocodingSettingsRoute } from './geocoding-settings.ts';
import { matrixRoute } from './matrix.ts';
import { reverseRoute } from './reverse.ts';

export interface GeocodingRoutesDeps extends GeocodingRouteDeps {
  batch: BatchDeps;
  health: GeocodingHealthDeps;
  quality: GeocodingQuality;
}

export function geocodingRoutes(deps: GeocodingRoutesDeps): Routes {
  return async (app) => {
    for (const routes of [
      geocodeRoute(deps),
      reverseRoute(deps),
      distanceRoute(deps),
      geocodeBatchRoute(deps),
      matrixRoute(deps),
      geocodingHealthRoute(deps),
      geocodingSettingsRoute(deps),
      geocodingQualityRoute(deps),
    ]) {
      await routes(app);
    }
  };
}
