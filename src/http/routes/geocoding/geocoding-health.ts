import { type GeocodingHealthDeps, reportGeocodingHealth } from '../../../geocoding/health.ts';
import { geocodingHealthSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { callerOf } from '../../request/request-context.ts';

/** `GET /geocoding/health`, for any credential of the tenant. */
export function geocodingHealthRoute({ health }: { health: GeocodingHealthDeps }): Routes {
  return (app) => {
    app.get(
      '/geocoding/health',
      {
        config: { access: { scope: 'any', boundTokens: 'judged' }, answers: { 200: geocodingHealthSchema } },
        schema: { tags: ['geocoding'], summary: 'How the geocoding providers are' },
      },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        return reportGeocodingHealth(health, tenantId, principal.services);
      },
    );
  };
}
