/** GET /v2/distancematrix: https://yandex.com/dev/distancematrix/doc/en/ (latitude first, unlike the geocoder). */
import { type Point, type TravelMode, travel } from '../places/travel.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';
import { yandexError } from './geocoder.ts';

const maxElements = 100;
const modes: Readonly<Record<string, TravelMode>> = {
  driving: 'driving',
  truck: 'driving',
  walking: 'walking',
  transit: 'transit',
};

export function distanceMatrix({ query }: EmulatorRequest): EmulatorReply {
  const origins = parsePoints(query.get('origins'));
  const destinations = parsePoints(query.get('destinations'));
  const mode = modes[query.get('mode') ?? 'driving'];
  if (origins === null || destinations === null || mode === undefined) {
    return yandexError(400, 'Bad Request', 'Invalid origins, destinations or mode');
  }
  if (origins.length * destinations.length > maxElements) {
    return yandexError(400, 'Bad Request', `At most ${maxElements} elements are allowed`);
  }
  return jsonReply(
    200,
    {
      rows: origins.map((origin) => ({
        elements: destinations.map((destination) => element(origin, destination, mode)),
      })),
    },
    0,
  );
}

function element(from: Point, to: Point, mode: TravelMode) {
  const way = travel(from, to, mode);
  if (way === null) return { status: 'FAIL' };
  return { status: 'OK', distance: { value: way.meters }, duration: { value: way.seconds } };
}

/** null if it is missing or contains an invalid point. */
function parsePoints(text: string | null): readonly Point[] | null {
  if (text === null || text === '') return null;
  const points = text.split('|').map((each) => {
    const [latitude, longitude, ...rest] = each.split(',').map(Number);
    const whole = rest.length === 0 && Math.abs(latitude as number) <= 90 && Math.abs(longitude as number) <= 180;
    return whole ? { latitude: latitude as number, longitude: longitude as number } : null;
  });
  return points.every((point) => point !== null) ? points : null;
}
