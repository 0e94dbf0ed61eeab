import Type from 'typebox';
import { readSettings } from '../../../geocoding/read-settings.ts';
import { country, language } from '../../../geocoding/schemas.ts';
import type { GeocodingSettingsDirectory } from '../../../geocoding/settings.ts';
import type { Routes } from '../../app.ts';
import { callerOf } from '../../request/request-context.ts';

const degrees = (limit: number) => Type.Number({ minimum: -limit, maximum: limit });
const name = Type.String({ minLength: 1, maxLength: 200 });
const settingsSchema = Type.Object(
  {
    city: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Of addresses that name none.' })),
    country: Type.Optional(country),
    bounds: Type.Optional(
      Type.Object(
        { south: degrees(90), west: degrees(180), north: degrees(90), east: degrees(180) },
        { additionalProperties: false, description: 'Where to look first.' },
      ),
    ),
    language: Type.Optional(language),
    street_aliases: Type.Optional(
      Type.Array(Type.Object({ from: name, to: name }, { additionalProperties: false }), {
        maxItems: 1000,
        description: 'Renamed streets: `from` is asked for as `to`, in whatever script it is written.',
      }),
    ),
  },
  {
    title: 'GeocodingSettings',
    additionalProperties: false,
    examples: [{ city: 'Ташкент', street_aliases: [{ from: 'Пушкина', to: 'Истиклол' }] }],
  },
);

const config = { access: { scope: 'admin' }, answers: { 200: settingsSchema } } as const;

/** `GET|PUT /geocoding/settings`. */
export function geocodingSettingsRoute({ settings }: { settings: GeocodingSettingsDirectory }): Routes {
  return (app) => {
    app.get(
      '/geocoding/settings',
      { config, schema: { tags: ['geocoding'], summary: 'The defaults of this tenant’s questions' } },
      async (request) => settings.of(callerOf(request).tenantId),
    );

    app.put<{ Body: Type.Static<typeof settingsSchema> }>(
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
