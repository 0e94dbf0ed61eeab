/** POST /distanceMatrix/v2:computeRouteMatrix: https://developers.google.com/maps/documentation/routes/compute_route_matrix */
import { findPlaces } from '../places/find-place.ts';
import { type Point, type TravelMode, travel } from '../places/travel.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';

type Json = Readonly<Record<string, unknown>>;

const travelModes: Readonly<Record<string, TravelMode>> = {
  DRIVE: 'driving',
  TWO_WHEELER: 'driving',
  WALK: 'walking',
  BICYCLE: 'bicycling',
  TRANSIT: 'transit',
};
const maxElements = 625;

/** The error of a whole request, in google.rpc's terms. */
class Refused extends Error {}

export async function computeRouteMatrix(request: EmulatorRequest): Promise<EmulatorReply> {
  const mask = String(
    request.headers['x-goog-fieldmask'] ?? request.query.get('fields') ?? request.query.get('$fields') ?? '',
  );
  try {
    if (mask === '') {
      throw new Refused('FieldMask is a required parameter. See https://cloud.google.com/apis/docs/system-parameters');
    }
    return jsonReply(200, await matrix(parseBody(request.body), mask));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return apiError(400, 'INVALID_ARGUMENT', error.message);
  }
}

async function matrix(body: Json, mask: string): Promise<readonly Json[]> {
  const mode = travelModes[String(body.travelMode ?? 'DRIVE')];
  if (mode === undefined) throw new Refused(`Invalid value at 'travel_mode': ${JSON.stringify(body.travelMode)}`);
  if (body.routingPreference !== undefined && mode !== 'driving') {
    throw new Refused('Routing preference cannot be set for WALK, BICYCLE or TRANSIT travel modes.');
  }
  const origins = await waypoints(body, 'origins');
  const destinations = await waypoints(body, 'destinations');
  if (origins.length * destinations.length > maxElements)
    throw new Refused(`At most ${maxElements} elements are allowed.`);
  return origins.flatMap((origin, originIndex) =>
    destinations.map((destination, destinationIndex) =>
      masked({ originIndex, destinationIndex, ...element(origin, destination, mode) }, mask),
    ),
  );
}

/** `status: {}` means OK; a place that cannot be found affects only its own element. */
function element(origin: Point | null, destination: Point | null, mode: TravelMode): Json {
  if (origin === null || destination === null) {
    return { status: { code: 5, message: 'A waypoint could not be geocoded.' }, condition: 'ROUTE_NOT_FOUND' };
  }
  const way = travel(origin, destination, mode);
  if (way === null) return { status: {}, condition: 'ROUTE_NOT_FOUND' };
  const duration = `${way.seconds}s`;
  return {
    status: {},
    condition: 'ROUTE_EXISTS',
    // Zero is omitted, as in all of Google's JSON from protocol buffers.
    ...(way.meters > 0 && { distanceMeters: way.meters }),
    duration,
    staticDuration: duration,
  };
}

function masked(element: Json, mask: string): Json {
  const fields = new Set(mask.split(',').map((field) => field.trim().split('.')[0]));
  if (fields.has('*')) return element;
  return Object.fromEntries(Object.entries(element).filter(([field]) => fields.has(field)));
}

async function waypoints(body: Json, side: 'origins' | 'destinations'): Promise<readonly (Point | null)[]> {
  const list = body[side];
  if (!Array.isArray(list) || list.length === 0) throw new Refused(`Empty ${side}.`);
  return Promise.all(list.map((each) => waypoint(isObject(each) && isObject(each.waypoint) ? each.waypoint : {})));
}

async function waypoint(given: Json): Promise<Point | null> {
  const location = isObject(given.location) ? given.location : {};
  const latLng = isObject(location.latLng) ? location.latLng : null;
  if (latLng !== null) {
    const { latitude = 0, longitude = 0 } = latLng as { latitude?: unknown; longitude?: unknown };
    if (
      typeof latitude !== 'number' ||
      typeof longitude !== 'number' ||
      Math.abs(latitude) > 90 ||
      Math.abs(longitude) > 180
    ) {
      throw new Refused('Invalid latLng in a waypoint.');
    }
    return { latitude, longitude };
  }
  if (typeof given.address === 'string') return (await findPlaces(given.address, 'UZ'))[0] ?? null;
  throw new Refused('A waypoint needs a location or an address.');
}

function parseBody(body: Buffer): Json {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(parsed)) return parsed;
  } catch {
    // Falls through to the error below, in Google's words.
  }
  throw new Refused('Invalid JSON payload received.');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Google's API error; streamed replies wrap it in an array. */
export function apiError(code: number, status: string, message: string, reason?: string): EmulatorReply {
  const details =
    reason === undefined
      ? {}
      : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }] };
  return jsonReply(code, [{ error: { code, message, status, ...details } }]);
}
