/** Schemas of the geocoding replies, for the API description. */
import Type from 'typebox';
import { attempts } from '../gateway/error-members.ts';
import { latitude, locationTypes, longitude, matchSchema, placeSchema } from '../providers/geocoding.ts';
import { nullable, oneOf } from '../schema-parts.ts';
import { distanceModes, distanceUnits } from './distance-schemas.ts';

const foundMembers = { ...placeSchema.properties, match: matchSchema };

const geocodeResultMembers = {
  ...foundMembers,
  alternatives: Type.Optional(
    Type.Array(Type.Object(foundMembers), { description: 'With `limit`: what else was found.' }),
  ),
  provider: Type.String({ description: 'The name of the service that answered.' }),
  attempted_providers: Type.Array(Type.String(), { description: 'In the order tried.' }),
  skipped_providers: Type.Array(
    Type.Object({ provider: Type.String(), because: oneOf(['breaker', 'limit', 'budget', 'busy']) }),
  ),
  degraded: Type.Boolean({
    description: 'A provider that failed or was passed over might have bettered the answer; `attempts` says which.',
  }),
  attempts,
  cached: Type.Boolean(),
  response_time_ms: Type.Number({ description: 'What the provider took when it was asked.' }),
  unit: nullable(
    Type.Object(
      {
        flat: nullable(Type.String()),
        entrance: nullable(Type.String()),
        floor: nullable(Type.String()),
        intercom: Type.Optional(Type.String()),
      },
      { description: "What the caller's address says of a place inside the building; no provider is asked for it." },
    ),
  ),
};

export const geocodeResultSchema = Type.Object(geocodeResultMembers, { title: 'GeocodeResult' });

export const locatedEnd = Type.Object({
  latitude,
  longitude,
  address: Type.Optional(Type.String()),
  formatted_address: Type.Optional(Type.String()),
  confidence: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  partial_match: Type.Optional(Type.Boolean()),
  location_type: Type.Optional(oneOf(locationTypes)),
  degraded: Type.Optional(Type.Boolean()),
});

export const distanceResultSchema = Type.Object(
  {
    distance_meters: Type.Number(),
    distance_km: Type.Number(),
    distance_miles: Type.Number(),
    distance: Type.Number({ description: 'In `unit`.' }),
    unit: oneOf(distanceUnits),
    duration_seconds: Type.Optional(Type.Number({ description: 'Driving and walking only.' })),
    straight_line: Type.Boolean(),
    mode: oneOf(distanceModes),
    provider: Type.String({ description: '`geodesic` for a straight line.' }),
    origin: locatedEnd,
    destination: locatedEnd,
  },
  { title: 'DistanceResult' },
);

export const matrixResultSchema = Type.Object(
  {
    rows: Type.Array(
      Type.Array(
        Type.Object({
          distance_meters: nullable(Type.Number()),
          duration_seconds: Type.Optional(Type.Number()),
          provider: nullable(Type.String()),
          error: Type.Optional(
            Type.Object({
              code: Type.String(),
              detail: Type.String(),
              retry_after_seconds: Type.Optional(Type.Number()),
            }),
          ),
        }),
      ),
      { description: 'A row an origin, in it an element a destination.' },
    ),
    origins: Type.Array(locatedEnd),
    destinations: Type.Array(locatedEnd),
  },
  { title: 'MatrixResult' },
);

const batchItem = (place: Readonly<Record<string, Type.TSchema>>) =>
  Type.Union([
    Type.Object({ ...place, address: Type.String(), success: Type.Literal(true), ...geocodeResultMembers }),
    Type.Object({
      ...place,
      address: nullable(Type.String()),
      success: Type.Literal(false),
      error: Type.Object({
        code: Type.String(),
        detail: Type.String(),
        retry_after_seconds: Type.Optional(Type.Number()),
        attempts,
        best: Type.Optional(geocodeResultSchema),
      }),
    }),
  ]);

export const batchResultSchema = Type.Object(
  {
    results: Type.Array(batchItem({})),
    success_count: Type.Integer({ minimum: 0 }),
    failure_count: Type.Integer({ minimum: 0 }),
  },
  { title: 'BatchResult', description: 'In the order asked.' },
);

/** One line of the streamed reply. */
export const batchLineSchema = batchItem({
  index: Type.Integer({ minimum: 0, description: 'Place of the address in the request.' }),
});

const healthStatus = oneOf(['healthy', 'degraded', 'down', 'unknown']);

export const geocodingHealthSchema = Type.Object(
  {
    status: healthStatus,
    providers: Type.Record(
      Type.String(),
      Type.Object({
        status: healthStatus,
        rate_limit_remaining: Type.Integer({
          description: "In the limit that is nearest to its end, over the tenant's own and the account's.",
        }),
        last_error: nullable(Type.String()),
        paused_until: nullable(Type.String({ format: 'date-time', description: 'It is not asked until then.' })),
        paused_because: nullable(oneOf(['retry_after', 'credentials_refused', 'failures'])),
      }),
    ),
  },
  { title: 'GeocodingHealth' },
);
