/**
 * The shapes of the geocoding API, for OpenAPI and for the edge's first look at a body. `parse-request.ts` is the judge:
 * it names every fault at once and knows the rules that hold between members.
 */
import Type from 'typebox';
import { attempts } from '../gateway/error-members.ts';
import { locationTypes } from '../providers/geocoding.ts';
import { geocoderNames } from '../providers/registry.ts';
import {
  anyCountry,
  languagePattern,
  maxAddressLength,
  maxAnswers,
  maxPartLength,
  maxProviderLength,
  partNames,
} from './input-reader.ts';
import { distanceModes, distanceUnits, maxBatchAddresses } from './parse-request.ts';

export const nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()]);
/** null is not given, as `isGiven` has it. */
export const optional = (schema: Type.TSchema) => Type.Optional(nullable(schema));
export const oneOf = (choices: readonly string[]) => Type.Union(choices.map((choice) => Type.Literal(choice)));

const address = Type.String({
  minLength: 1,
  maxLength: maxAddressLength,
  description: '1 to 500 characters after trimming. Russian, Uzbek in either script, or any other language.',
  examples: ['Ташкент, ул. Навои, 5'],
});
const latitude = Type.Number({ minimum: -90, maximum: 90, examples: [41.311081] });
const longitude = Type.Number({ minimum: -180, maximum: 180, examples: [69.240562] });
export const provider = Type.String({
  default: 'auto',
  minLength: 1,
  maxLength: maxProviderLength,
  description: `\`auto\`: by priority, with failover. ${geocoderNames.map((name) => `\`${name}\``).join(', ')}, or the name of a service: that one only.`,
});
export const language = Type.String({
  default: 'ru',
  pattern: languagePattern,
  description: 'ISO 639-1; `uz-Latn` and `uz-Cyrl` choose the script of Uzbek.',
});
const countryPattern = `^([A-Za-z]{2}|${[...anyCountry].map((letter) => `[${letter.toUpperCase()}${letter}]`).join('')})$`;
export const country = Type.String({
  default: 'UZ',
  pattern: countryPattern,
  description: 'ISO 3166-1 alpha-2; `any` restricts nothing.',
});
export const region = Type.String({ pattern: countryPattern, description: 'Another name of `country`.' });
export const minConfidence = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'Answers below it count as not found; the best is shown as `best`.',
});

const geocodeOptions = {
  provider: optional(provider),
  language: optional(language),
  country: optional(country),
  region: optional(region),
  min_confidence: optional(minConfidence),
  bounds: optional(
    Type.Object(
      { south: latitude, west: longitude, north: latitude, east: longitude },
      { additionalProperties: false, description: 'Where to look first.' },
    ),
  ),
  limit: optional(
    Type.Integer({ minimum: 1, maximum: maxAnswers, default: 1, description: 'More than one: `alternatives`.' }),
  ),
};
const part = Type.String({ minLength: 1, maxLength: maxPartLength });
const parts = Type.Object(Object.fromEntries(partNames.map((name) => [name, optional(part)])), {
  additionalProperties: false,
  description: 'Instead of `address`.',
});

// Whole examples too: a page that makes one of the members' puts both names of a member into it, and empty texts.
export const geocodeRequestSchema = Type.Object(
  { address: optional(address), components: optional(parts), ...geocodeOptions },
  { title: 'GeocodeRequest', examples: [{ address: 'Ташкент, ул. Навои, 5' }] },
);

export const reverseRequestSchema = Type.Object(
  { latitude, longitude, provider: optional(provider), language: optional(language) },
  { title: 'ReverseRequest', examples: [{ latitude: 41.311081, longitude: 69.240562 }] },
);

const coordinates = Type.Object({ latitude, longitude });
export const distanceEnd = Type.Union([coordinates, Type.Object({ address })]);

export const distanceRequestSchema = Type.Object(
  {
    origin: optional(distanceEnd),
    destination: optional(distanceEnd),
    origin_lat: optional(latitude),
    origin_lng: optional(longitude),
    dest_lat: optional(latitude),
    dest_lng: optional(longitude),
    mode: optional(oneOf(distanceModes)),
    unit: optional(oneOf(distanceUnits)),
    provider: optional(provider),
    language: optional(language),
    country: optional(country),
    region: optional(region),
    min_confidence: optional(minConfidence),
  },
  {
    title: 'DistanceRequest',
    description: 'Each end as an object, or flat (`origin_lat`, `origin_lng`), not both.',
    examples: [
      {
        origin: { address: 'Ташкент, ул. Навои, 5' },
        destination: { latitude: 39.6548, longitude: 66.9757 },
        mode: 'driving',
      },
    ],
  },
);

export const batchRequestSchema = Type.Object(
  {
    // Not `address`: one bad address fails alone, not the whole batch.
    addresses: Type.Array(Type.Unknown({ description: 'As `address` of a geocode request.' }), {
      minItems: 1,
      maxItems: maxBatchAddresses,
    }),
    ...geocodeOptions,
  },
  { title: 'BatchRequest', examples: [{ addresses: ['Ташкент, ул. Навои, 5', 'Самарканд, Регистан'] }] },
);

const partMatch = oneOf(['exact', 'differs', 'missing', 'not_asked']);

const foundMembers = {
  latitude,
  longitude,
  formatted_address: Type.String(),
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
  location_type: oneOf(locationTypes),
  address_components: Type.Array(
    Type.Object({ long_name: Type.String(), short_name: Type.String(), types: Type.Array(Type.String()) }),
  ),
  components: Type.Object({
    street: nullable(Type.String()),
    house_number: nullable(Type.String()),
    district: nullable(Type.String()),
    city: nullable(Type.String()),
    region: nullable(Type.String()),
    postal_code: nullable(Type.String()),
    country: nullable(Type.String()),
    country_code: nullable(Type.String()),
  }),
  place_id: nullable(Type.String()),
  partial_match: Type.Boolean({
    description: 'Another house, street, city or country than asked, or less than was asked.',
  }),
  match: Type.Object({ city: partMatch, street: partMatch, house_number: partMatch }),
};

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
