/** Schemas of the bodies that the distance and matrix routes accept. */
import Type, { type Static } from 'typebox';
import type { InputFault } from '../errors.ts';
import { isGiven, oneOf, optional, withRule } from '../schema-parts.ts';
import { address, latitude, longitude, regionFault, routeTerms } from './request-schemas.ts';

export const distanceModes = ['straight_line', 'driving', 'walking'] as const;
export const distanceUnits = ['km', 'miles'] as const;
const maxMatrixEnds = 25;

const distanceEnd = withRule(
  Type.Object(
    { latitude: optional(latitude), longitude: optional(longitude), address: optional(address) },
    {
      description: 'Either `latitude` and `longitude`, or `address`.',
      examples: [{ latitude: 41.311081, longitude: 69.240562 }],
      errorMessage: 'must be {latitude, longitude} or {address}',
    },
  ),
  (end) => {
    const isPoint = isGiven(end.latitude) || isGiven(end.longitude);
    if (isGiven(end.address)) {
      return isPoint ? { path: '', message: 'must be given by coordinates or by address, not by both' } : null;
    }
    if (!isPoint) return { path: '', message: 'must be {latitude, longitude} or {address}' };
    if (!isGiven(end.latitude)) return { path: 'latitude', message: 'is required' };
    return isGiven(end.longitude) ? null : { path: 'longitude', message: 'is required' };
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
    return isFlat ? { path: name, message: `must not stand beside ${latitudeName} and ${longitudeName}` } : null;
  }
  if (!isFlat) {
    const forms = `{latitude, longitude}, {address}, or ${latitudeName} and ${longitudeName}`;
    return { path: name, message: `is required: ${forms}` };
  }
  if (!isGiven(flatLatitude)) return { path: latitudeName, message: 'is required' };
  return isGiven(flatLongitude) ? null : { path: longitudeName, message: 'is required' };
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
