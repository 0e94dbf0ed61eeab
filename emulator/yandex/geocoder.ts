/** GET /v1/ and /1.x/: https://yandex.com/maps-api/docs/geocoder-api/request.html */
import { findPlaces } from '../places/find-place.ts';
import { type Language, type Located, toLanguage } from '../places/located.ts';
import { nearLandmarks, nearPlaces } from '../places/near-place.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';
import { position, toGeoObject } from './geocoder-json.ts';

const defaultResults = 10;
const maxResults = 100;
const kindsOfPlaces: Readonly<Record<string, Located['kind']>> = {
  house: 'house',
  street: 'street',
  district: 'district',
  locality: 'city',
};

export async function geocode({ query, rawPath }: EmulatorRequest): Promise<EmulatorReply> {
  const asked = query.get('geocode') ?? '';
  if (asked === '') return yandexError(400, 'Bad Request', 'Parameter "geocode" is required');
  const results = countIn(query.get('results'), defaultResults);
  const skip = countIn(query.get('skip'), 0);
  if (results === null || results > maxResults) return badParameter('results');
  if (skip === null) return badParameter('skip');
  const point = parsePoint(asked, query.get('sco'));
  if (point !== null && Math.abs(point.latitude) > 90) return badParameter('geocode');
  if (query.get('format') !== 'json') return xmlReply(asked);

  const kind = query.get('kind');
  const places = point === null ? await findPlaces(asked, 'UZ') : await placesAt(point, kind);
  const language: Language = toLanguage(query.get('lang') ?? 'ru_RU');
  return jsonReply(
    200,
    {
      response: {
        // Only the old endpoint had it.
        ...(rawPath.startsWith('/1.x') && { Attribution: '' }),
        GeoObjectCollection: {
          metaDataProperty: {
            GeocoderResponseMetaData: {
              ...(point !== null && {
                Point: { pos: position(point.latitude, point.longitude) },
                boundedBy: {
                  Envelope: {
                    lowerCorner: position(point.latitude - 0.25, point.longitude - 0.25),
                    upperCorner: position(point.latitude + 0.25, point.longitude + 0.25),
                  },
                },
                ...(kind !== null && { kind }),
              }),
              request: asked,
              results: String(results),
              found: String(places.length),
              ...(skip > 0 && { skip: String(skip) }),
            },
          },
          featureMember: places
            .slice(skip, skip + results)
            .map((place) => ({ GeoObject: toGeoObject(place, language) })),
        },
      },
    },
    0,
  );
}

async function placesAt(
  { latitude, longitude }: { latitude: number; longitude: number },
  kind: string | null,
): Promise<readonly Located[]> {
  if (kind === 'metro') return nearLandmarks('metro', latitude, longitude);
  const places = await nearPlaces(latitude, longitude);
  const wanted = kind === null ? undefined : kindsOfPlaces[kind];
  return wanted === undefined ? places : places.filter((place) => place.kind === wanted);
}

/** Two numbers are coordinates, longitude first unless `sco` says otherwise; longitudes wrap around. */
function parsePoint(text: string, order: string | null): { latitude: number; longitude: number } | null {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (match === null) return null;
  const [first, second] = [Number(match[1]), Number(match[2])];
  const [longitude, latitude] = order === 'latlong' ? [second, first] : [first, second];
  return { latitude, longitude: ((((longitude + 180) % 360) + 360) % 360) - 180 };
}

/** null: not a whole number. */
function countIn(text: string | null, otherwise: number): number | null {
  if (text === null) return otherwise;
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}

function badParameter(name: string): EmulatorReply {
  return yandexError(400, 'Bad Request', `Invalid value of parameter "${name}"`);
}

/** The answer for a client that omits `format=json`; it has no content here. */
function xmlReply(asked: string): EmulatorReply {
  const escaped = asked.replace(/[<>&]/g, (character) => `&#${character.codePointAt(0)};`);
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: `<?xml version="1.0" encoding="utf-8"?>\n<ymaps xmlns="http://maps.yandex.ru/ymaps/1.x"><GeoObjectCollection><metaDataProperty xmlns="http://www.opengis.net/gml"><GeocoderResponseMetaData xmlns="http://maps.yandex.ru/geocoder/1.x"><request>${escaped}</request><found>0</found></GeocoderResponseMetaData></metaDataProperty></GeoObjectCollection></ymaps>`,
  };
}

export function yandexError(statusCode: number, error: string, message: string): EmulatorReply {
  return jsonReply(statusCode, { statusCode, error, message }, 0);
}
