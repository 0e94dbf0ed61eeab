import { readSettings } from '../../../geocoding/read-settings.ts';
import { type SettingsBody, settingsSchema } from '../../../geocoding/request-schemas.ts';
import type { GeocodingSettingsDirectory } from '../../../geocoding/settings.ts';
import type { Routes } from '../../app.ts';
import { callerOf } from '../../request/request-context.ts';

const config = { access: { scope: 'admin' }, answers: { 200: settingsSchema } } as const;

/** `GET|PUT /geocoding/settings`. */
export function geocodingSettingsRoute({ settings }: { settings: GeocodingSettingsDirectory }): Routes {
  return (app) => {
    app.get(
      '/geocoding/settings',
      { config, schema: { tags: ['geocoding'], summary: 'The defaults of this tenant’s questions' } },
      async (request) => settings.of(callerOf(request).tenantId),
    );

    app.put<{ Body: SettingsBody }>(
      '/geocoding/settings',
      {
        config,
        schema: { tags: ['geocoding'], summary: 'Set the defaults of this tenant’s questions', body: settingsSchema },
      },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        const changedBy = principal.name.slice(0, 200);
        return settings.put(tenantId, readSettings(request.body), { changedBy, requestId: request.id });
      },
    );
  };
}
