/** The shapes of the distance matrix, for OpenAPI and for the edge's first look at a body. */
import Type from 'typebox';
import { distanceModes, maxMatrixEnds } from './parse-request.ts';
import {
  country,
  distanceEnd,
  language,
  locatedEnd,
  minConfidence,
  nullable,
  oneOf,
  optional,
  provider,
  region,
} from './schemas.ts';

const matrixEnds = Type.Array(distanceEnd, { minItems: 1, maxItems: maxMatrixEnds });

export const matrixRequestSchema = Type.Object(
  {
    origins: matrixEnds,
    destinations: matrixEnds,
    mode: optional(oneOf(distanceModes)),
    provider: optional(provider),
    language: optional(language),
    country: optional(country),
    region: optional(region),
    min_confidence: optional(minConfidence),
  },
  {
    title: 'MatrixRequest',
    additionalProperties: false,
    examples: [
      {
        origins: [{ latitude: 41.311081, longitude: 69.240562 }],
        destinations: [{ address: 'Ташкент, ул. Навои, 5' }, { latitude: 39.6548, longitude: 66.9757 }],
        mode: 'driving',
      },
    ],
  },
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
