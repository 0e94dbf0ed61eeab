/** Registers the geocoding routes, one file each. */
import type { BatchDeps } from '../../../geocoding/batch.ts';
import { type GeocodingHealthDeps, reportGeocodingHealth } from '../../../geocoding/health.ts';
import type { GeocodingQuality } from '../../../geocoding/quality.ts';
import { geocodingHealthSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf } from '../../request/request-context.ts';
import { distanceRoute } from './distance.ts';
import { geocodeRoutes } from './geocode.ts';
import { geocodeBatchRoute } from './geocode-batch.ts';
import { geocodingQualityRoute } from './geocoding-quality.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';
import { geocodingSettingsRoute } from './geocoding-settings.ts';
import { matrixRoute } from './matrix.ts';

export interface GeocodingRoutesDeps extends GeocodingRouteDeps {
  batch: BatchDeps;
  health: GeocodingHealthDeps;
  quality: GeocodingQuality;
}

export function geocodingRoutes(deps: GeocodingRoutesDeps): Routes {
  return (app) => {
    geocodeRoutes(app, deps);
    distanceRoute(app, deps);
    geocodeBatchRoute(app, deps);
    matrixRoute(app, deps);
    endpointsOf(app, 'geocoding', { scope: 'any', boundTokens: 'judged' }).get(
      '/geocoding/health',
      'How the geocoding providers are',
      { answer: geocodingHealthSchema },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        return reportGeocodingHealth(deps.health, tenantId, principal.services);
      },
    );
    geocodingSettingsRoute(app, deps);
    geocodingQualityRoute(app, deps);
  };
}
