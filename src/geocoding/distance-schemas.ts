/** Schemas of the bodies that the distance and matrix routes accept. */
import Type, { type Static } from 'typebox';
import { type InputFault, words } from '../errors.ts';
import { latitude, longitude } from '../providers/geocoding.ts';
import { isGiven, oneOf, optional, withRule } from '../schema-parts.ts';
import { address, regionFault, routeTerms } from './request-schemas.ts';

export const distanceModes = ['straight_line', 'driving', 'walking'] as const;
export const distanceUnits = ['km', 'miles'] as const;
const maxMatrixEnds = 25;

const required = words('is required', 'обязательно');
const wrongEnd = words('must be {latitude, longitude} or {address}', 'ожидается {latitude, longitude} или {address}');
const givenTwice = words(
  'must be given by coordinates or by address, not by both',
  'или координаты, или адрес, но не оба',
);

const distanceEnd = withRule(
  Type.Object(
    { latitude: optional(latitude), longitude: optional(longitude), address: optional(address) },
    {
      description: 'Either `latitude` and `longitude`, or `address`.',
      examples: [{ latitude: 41.311081, longitude: 69.240562 }],
      errorMessage: wrongEnd.message,
      errorMessageRu: wrongEnd.message_ru,
    },
  ),
  (end) => {
    const isPoint = isGiven(end.latitude) || isGiven(end.longitude);
    if (isGiven(end.address)) {
      return isPoint ? { path: '', ...givenTwice } : null;
    }
    if (!isPoint) return { path: '', ...wrongEnd };
    if (!isGiven(end.latitude)) return { path: 'latitude', ...required };
    return isGiven(end.longitude) ? null : { path: 'longitude', ...required };
  },
);

export const distanceRequestSchema = withRule(
  Type.Object(
    {
      origin: optional(distanceEnd),
      destination: optional(distanceEnd),
      origin_lat: optional(latitude),
      origin_lng: optional(longitude),
      dest_lat: optional(latitude),
      dest_lng: optional(longitude),
      mode: optional(oneOf(distanceModes)),
      unit: optional(oneOf(distanceUnits)),
      ...routeTerms,
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
  ),
  originFault,
  destinationFault,
  regionFault,
);

interface FlatEnds {
  readonly origin?: unknown;
  readonly origin_lat?: unknown;
  readonly origin_lng?: unknown;
  readonly destination?: unknown;
  readonly dest_lat?: unknown;
  readonly dest_lng?: unknown;
}

function originFault({ origin, origin_lat, origin_lng }: FlatEnds): InputFault | null {
  return endFault(origin, ['origin', 'origin_lat', 'origin_lng'], origin_lat, origin_lng);
}

function destinationFault({ destination, dest_lat, dest_lng }: FlatEnds): InputFault | null {
  return endFault(destination, ['destination', 'dest_lat', 'dest_lng'], dest_lat, dest_lng);
}

/** An end as an object beside a flat one would leave open which one is meant. */
function endFault(
  end: unknown,
  [name, latitudeName, longitudeName]: readonly [string, string, string],
  flatLatitude: unknown,
  flatLongitude: unknown,
): InputFault | null {
  const isFlat = isGiven(flatLatitude) || isGiven(flatLongitude);
  if (isGiven(end)) {
    const twice = words(
      `must not stand beside ${latitudeName} and ${longitudeName}`,
      `не бывает вместе с ${latitudeName} и ${longitudeName}`,
    );
    return isFlat ? { path: name, ...twice } : null;
  }
  if (!isFlat) {
    const missing = words(
      `is required: {latitude, longitude}, {address}, or ${latitudeName} and ${longitudeName}`,
      `обязательно: {latitude, longitude}, {address} либо ${latitudeName} и ${longitudeName}`,
    );
    return { path: name, ...missing };
  }
  if (!isGiven(flatLatitude)) return { path: latitudeName, ...required };
  return isGiven(flatLongitude) ? null : { path: longitudeName, ...required };
}

const matrixEnds = Type.Array(distanceEnd, {
  minItems: 1,
  maxItems: maxMatrixEnds,
  errorMessage: `must be an array of 1 to ${maxMatrixEnds} ends: {latitude, longitude} or {address}`,
});

export const matrixRequestSchema = withRule(
  Type.Object(
    { origins: matrixEnds, destinations: matrixEnds, mode: optional(oneOf(distanceModes)), ...routeTerms },
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
  ),
  regionFault,
);

export type DistanceBody = Static<typeof distanceRequestSchema>;
export type DistanceEndBody = Static<typeof distanceEnd>;
export type MatrixBody = Static<typeof matrixRequestSchema>;
