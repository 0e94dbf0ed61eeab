/** GET /maps/api/distancematrix/json (legacy): https://developers.google.com/maps/documentation/distance-matrix */
import { findPlaces } from '../places/find-place.ts';
import { type Language, toLanguage } from '../places/located.ts';
import { nearPlaces } from '../places/near-place.ts';
import { type Point, type TravelMode, travel } from '../places/travel.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';
import { parseLatLng } from './geocode.ts';
import { formatAddress } from './geocode-json.ts';

const maxSide = 25;
const maxElements = 100;
const modes: readonly TravelMode[] = ['driving', 'walking', 'bicycling', 'transit'];
/** Traffic at the emulator's hour: always the same, so that answers repeat. */
const trafficFactor = 1.25;

interface End {
  readonly point: Point | null;
  readonly address: string;
}

export async function distanceMatrix({ query }: EmulatorRequest): Promise<EmulatorReply> {
  const origins = query.get('origins')?.split('|') ?? [];
  const destinations = query.get('destinations')?.split('|') ?? [];
  for (const [name, list] of [
    ['origins', origins],
    ['destinations', destinations],
  ] as const) {
    if (list.length === 0) return refusal('INVALID_REQUEST', `Invalid request. Missing the '${name}' parameter.`);
    const encoded = list.find((each) => each.startsWith('enc:'));
    if (encoded !== undefined) {
      const text = `Invalid request. Invalid '${name}' parameter. ${encoded.slice(4)} is not a valid encoded polyline`;
      return refusal('INVALID_REQUEST', text);
    }
  }
  const mode = modes.find((each) => each === (query.get('mode') ?? 'driving'));
  if (mode === undefined) return refusal('INVALID_REQUEST', "Invalid request. Invalid 'mode' parameter.");
  if (origins.length > maxSide || destinations.length > maxSide) return refusal('MAX_DIMENSIONS_EXCEEDED');
  if (origins.length * destinations.length > maxElements) return refusal('MAX_ELEMENTS_EXCEEDED');

  const language = toLanguage(query.get('language'));
  const withTraffic = mode === 'driving' && query.has('departure_time');
  const miles = query.get('units') === 'imperial';
  const from = await Promise.all(origins.map((each) => findEnd(each, language)));
  const to = await Promise.all(destinations.map((each) => findEnd(each, language)));
  return jsonReply(
    200,
    {
      destination_addresses: to.map(({ address }) => address),
      origin_addresses: from.map(({ address }) => address),
      rows: from.map((origin) => ({
        elements: to.map((destination) => element(origin.point, destination.point, mode, withTraffic, miles)),
      })),
      status: 'OK',
    },
    3,
  );
}

function element(from: Point | null, to: Point | null, mode: TravelMode, withTraffic: boolean, miles: boolean) {
  if (from === null || to === null) return { status: 'NOT_FOUND' };
  const way = travel(from, to, mode);
  if (way === null) return { status: 'ZERO_RESULTS' };
  const inTraffic = Math.round(way.seconds * trafficFactor);
  return {
    distance: { text: distanceText(way.meters, miles), value: way.meters },
    duration: { text: durationText(way.seconds), value: way.seconds },
    ...(withTraffic && { duration_in_traffic: { text: durationText(inTraffic), value: inTraffic } }),
    status: 'OK',
  };
}

async function findEnd(text: string, language: Language): Promise<End> {
  const point = parseLatLng(text);
  const [place] = point === null ? await findPlaces(text, 'UZ') : await nearPlaces(point.latitude, point.longitude);
  if (place === undefined) return { point, address: point === null ? '' : text };
  return { point: point ?? place, address: formatAddress(place, language) };
}

function distanceText(meters: number, miles: boolean): string {
  const length = miles ? meters / 1609.344 : meters / 1000;
  const digits = length < 100 ? 1 : 0;
  const number = length.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number} ${miles ? 'mi' : 'km'}`;
}

function durationText(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (days > 0) return `${counted(days, 'day')} ${counted(hours, 'hour')}`;
  if (hours > 0) return `${counted(hours, 'hour')} ${counted(minutes % 60, 'min')}`;
  return counted(minutes, 'min');
}

export function refusal(status: string, message?: string): EmulatorReply {
  return jsonReply(
    200,
    {
      destination_addresses: [],
      ...(message !== undefined && { error_message: message }),
      origin_addresses: [],
      rows: [],
      status,
    },
    3,
  );
}
