/** GET /3.0/items/geocode: https://docs.2gis.com/en/api/search/geocoder/reference/3.0/items/geocode */
import { findPlaces } from '../places/find-place.ts';
import { isQuarter, type Language, type Located, toLanguage } from '../places/located.ts';
import { nearPlaces } from '../places/near-place.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';

const locales = new Set(['ru_RU', 'ru_KZ', 'ru_UZ', 'uz_UZ', 'kk_KZ', 'en_AE', 'ru_KG', 'ky_KG']);
const longestQuestion = 500;

export async function geocode({ query }: EmulatorRequest): Promise<EmulatorReply> {
  const locale = query.get('locale') ?? 'ru_RU';
  if (!locales.has(locale)) return badParameter('locale');
  const asked = query.get('q');
  const point = pointOf(query.get('lat'), query.get('lon'));
  if (asked === null && point === null) return badParameter('q');
  if (asked !== null && (asked === '' || asked.length > longestQuestion)) return badParameter('q');
  const found =
    asked === null && point !== null
      ? await nearPlaces(point.latitude, point.longitude)
      : await findPlaces(asked ?? '', 'UZ');
  const types = query.get('type')?.split(',') ?? null;
  const places = found.filter((place) => types === null || types.some((type) => isOfType(place, type)));
  if (places.length === 0) return catalogError(404, 'itemNotFound', 'Results not found');
  const fields = new Set((query.get('fields') ?? '').split(','));
  const language = toLanguage(locale);
  const pageSize = Number(query.get('page_size') ?? 20);
  return jsonReply(
    200,
    {
      meta: { api_version: '3.0.0', code: 200, issue_date: '20260101' },
      result: {
        total: places.length,
        items: places.slice(0, pageSize).map((place) => toItem(place, language, fields)),
      },
    },
    0,
  );
}

/** The real status is in the body; "not found" has the HTTP status 200. */
export function catalogError(code: number, type: string, message: string): EmulatorReply {
  const status = code === 404 || code === 400 || code === 403 ? 200 : code;
  return jsonReply(status, { meta: { api_version: '3.0.0', code, error: { type, message } } }, 0);
}

function badParameter(name: string): EmulatorReply {
  return catalogError(400, 'paramError', `Param '${name}' is missing or wrong`);
}

function pointOf(latitude: string | null, longitude: string | null): { latitude: number; longitude: number } | null {
  if (latitude === null || longitude === null) return null;
  const point = { latitude: Number(latitude), longitude: Number(longitude) };
  return Math.abs(point.latitude) <= 90 && Math.abs(point.longitude) <= 180 ? point : null;
}

const divisionTypes: Readonly<Partial<Record<Located['kind'], string>>> = {
  country: 'country',
  region: 'region',
  area: 'district_area',
  city: 'city',
  district: 'district',
};

function typeOf({ kind }: Located): 'building' | 'street' | 'attraction' | 'station' | 'adm_div' {
  if (kind === 'house') return 'building';
  if (kind === 'street') return 'street';
  if (kind === 'metro') return 'station';
  return kind === 'airport' || kind === 'hydro' ? 'attraction' : 'adm_div';
}

function isOfType(place: Located, type: string): boolean {
  const own = typeOf(place);
  return type === own || (own === 'adm_div' && type === `adm_div.${divisionTypes[place.kind]}`);
}

function toItem(place: Located, language: Language, fields: ReadonlySet<string>) {
  const { latitude, longitude } = place;
  const street = place.street?.[language];
  const addressName = street === undefined ? undefined : place.house === null ? street : `${street}, ${place.house}`;
  const name = place.feature?.[language] ?? addressName ?? lastName(place, language);
  const city = place.city?.[language];
  const full = [city, isQuarter(place) ? place.district?.[language] : undefined, name].filter(
    (part) => part !== undefined,
  );
  const type = typeOf(place);
  return {
    id: `${Math.abs(Math.round(latitude * 1e7) * 1000 + Math.round(longitude * 1e3))}_emulated`,
    type,
    ...(type === 'adm_div' && { subtype: divisionTypes[place.kind] }),
    name,
    full_name: [...new Set(full)].join(', '),
    ...(addressName !== undefined && { address_name: addressName }),
    ...(fields.has('items.full_address_name') && { full_address_name: [...new Set(full)].join(', ') }),
    ...(fields.has('items.point') && { point: { lat: latitude, lon: longitude } }),
    ...(fields.has('items.address') && {
      address: {
        ...(place.postalCode !== null && { postcode: place.postalCode }),
        components:
          place.house === null || street === undefined
            ? []
            : [{ type: 'street_number', street, number: place.house, street_id: 'emulated' }],
      },
    }),
    ...(fields.has('items.adm_div') && { adm_div: divisionsOf(place, language) }),
  };
}

function divisionsOf(place: Located, language: Language) {
  const levels = [
    ['country', place.country],
    ['region', place.region],
    ['district_area', place.area],
    ['city', place.city],
    ['district', place.district],
  ] as const;
  return levels.flatMap(([type, names], index) =>
    names === null ? [] : [{ id: String(index + 1), name: names[language], type }],
  );
}

function lastName(place: Located, language: Language): string {
  return (place.district ?? place.city ?? place.area ?? place.region ?? place.country)[language];
}
