import type { FastifyInstance } from 'fastify';
import { readSettings } from '../../../geocoding/parse-request.ts';
import { settingsSchema } from '../../../geocoding/request-schemas.ts';
import type { GeocodingSettingsDirectory } from '../../../geocoding/settings.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf } from '../../request/request-context.ts';

/** `GET|PUT /geocoding/settings`. */
export function geocodingSettingsRoute(
  app: FastifyInstance,
  { settings }: { settings: GeocodingSettingsDirectory },
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'admin' });
  endpoints.get(
    '/geocoding/settings',
    'The defaults of this tenant’s questions',
    { answer: settingsSchema },
    async (request) => settings.of(callerOf(request).tenantId),
  );

  endpoints.put(
    '/geocoding/settings',
    'Set the defaults of this tenant’s questions',
    { answer: settingsSchema, body: settingsSchema },
    async (request) => {
      const { tenantId, principal } = callerOf(request);
      const changedBy = principal.name.slice(0, 200);
      return settings.put(tenantId, readSettings(request.body), { changedBy, requestId: request.id });
    },
  );
}
