/** The geocoding routes: questions, health and settings; batch and quality have a file each. */
import type { BatchDeps } from '../../../geocoding/batch.ts';
import { type GeocodingHealthDeps, reportGeocodingHealth } from '../../../geocoding/health.ts';
import { readSettings } from '../../../geocoding/parse-request.ts';
import type { GeocodingQuality } from '../../../geocoding/quality.ts';
import { settingsSchema } from '../../../geocoding/request-schemas.ts';
import { geocodingHealthSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, contextOf } from '../../request/request-context.ts';
import { geocodeBatchRoute } from './geocode-batch.ts';
import { geocodingQualityRoute } from './geocoding-quality.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';
import { questionRoutes } from './questions.ts';

export interface GeocodingRoutesDeps extends GeocodingRouteDeps {
  batch: BatchDeps;
  health: GeocodingHealthDeps;
  quality: GeocodingQuality;
}

export function geocodingRoutes(deps: GeocodingRoutesDeps): Routes {
  return (app) => {
    questionRoutes(app, deps);
    geocodeBatchRoute(app, deps);
    endpointsOf(app, 'geocoding', { scope: 'any', boundTokens: 'judged' }).get(
      '/geocoding/health',
      'How the geocoding providers are',
      { answer: geocodingHealthSchema },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        return reportGeocodingHealth(deps.health, tenantId, principal.services);
      },
    );
    const settings = endpointsOf(app, 'geocoding', { scope: 'admin' });
    settings.get(
      '/geocoding/settings',
      'The defaults of this tenant’s questions',
      { answer: settingsSchema },
      async (request) => deps.settings.of(callerOf(request).tenantId),
    );
    settings.put(
      '/geocoding/settings',
      'Set the defaults of this tenant’s questions',
      { answer: settingsSchema, body: settingsSchema },
      async (request) => deps.settings.put(callerOf(request).tenantId, readSettings(request.body), contextOf(request)),
    );
    geocodingQualityRoute(app, deps);
  };
}
