/**
 * Parses 2GIS's JSON. The real status is `meta.code`, whatever the HTTP status; levels of the divisions can be missing.
 */
import type { AddressComponent, AddressParts, Coordinates, RouteMatrix } from '../geocoding.ts';
import { foldName } from '../offline_gazetteer/fold-name.ts';
import { boxOfCountry, isWithin, plausibleCoordinates } from '../plausible.ts';
import { isObject, listIn, objectIn, textIn } from '../reading.ts';
import { readElement } from '../route-matrix.ts';

export interface CatalogReply {
  readonly code: number;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly items: readonly Item[];
  /** Number of items without a readable point or name. */
  readonly unreadable: number;
}

export interface Item extends Coordinates {
  /** Only the digits: the part after them changes. */
  readonly id: string | null;
  readonly type: string;
  readonly subtype: string | null;
  readonly text: string;
  readonly name: string | null;
  readonly street: string | null;
  readonly houseNumber: string | null;
  readonly postcode: string | null;
  /** From the largest to the smallest, by 2GIS's own short types. */
  readonly divisions: readonly { readonly type: string; readonly name: string }[];
}

/** null: not a reply of the catalogue. */
export function parseCatalogReply(json: unknown): CatalogReply | null {
  const meta = objectIn(json, 'meta');
  if (typeof meta.code !== 'number') return null;
  const error = objectIn(meta, 'error');
  const raw = listIn(objectIn(json, 'result'), 'items');
  const items = raw.map(parseItem).filter((item) => item !== null);
  return {
    code: meta.code,
    errorType: textIn(error, 'type'),
    errorMessage: textIn(error, 'message'),
    items,
    unreadable: raw.length - items.length,
  };
}

function parseItem(raw: unknown): Item | null {
  const { lat, lon } = objectIn(raw, 'point');
  const point = plausibleCoordinates(lat, lon, null);
  const name = textIn(raw, 'name');
  const text = textIn(raw, 'full_address_name') ?? textIn(raw, 'full_name') ?? textIn(raw, 'address_name') ?? name;
  if (point === null || text === null) return null;
  const address = objectIn(raw, 'address');
  const numbered = listIn(address, 'components').find((part) => textIn(part, 'type') === 'street_number');
  const type = textIn(raw, 'type') ?? '';
  return {
    ...point,
    id: textIn(raw, 'id')?.split('_')[0] ?? null,
    type,
    subtype: textIn(raw, 'subtype'),
    text,
    name,
    street: textIn(numbered, 'street') ?? (type === 'street' || type === 'road' ? name : null),
    houseNumber: textIn(numbered, 'number'),
    postcode: textIn(address, 'postcode'),
    divisions: listIn(raw, 'adm_div')
      .map((part) => ({ type: textIn(part, 'type'), name: textIn(part, 'name') }))
      .filter((part): part is { type: string; name: string } => part.type !== null && part.name !== null),
  };
}

/** Google's component types for 2GIS's kinds, so that all vendors use one vocabulary. */
const typesByDivision: Readonly<Record<string, readonly string[]>> = {
  country: ['country', 'political'],
  region: ['administrative_area_level_1', 'political'],
  district_area: ['administrative_area_level_2', 'political'],
  city: ['locality', 'political'],
  settlement: ['locality', 'political'],
  district: ['sublocality', 'sublocality_level_1', 'political'],
  living_area: ['neighborhood', 'political'],
  division: ['sublocality', 'sublocality_level_2', 'political'],
};

/** Where 2GIS has maps, and the countries that reach into Uzbekistan's box. */
const countryCodes = 'AE AF AM AZ BH BY CL CY CZ EG GE IL IQ IT KG KW KZ OM QA RU SA TJ TM TR UA UZ'.split(' ');
/** Built on first use, to keep the start fast. */
let codesByCountry: ReadonlyMap<string, string> | null = null;

function nameCountries(): ReadonlyMap<string, string> {
  const named = ['ru', 'uz', 'en'].flatMap((language) => {
    const names = new Intl.DisplayNames([language], { type: 'region' });
    return countryCodes.map((code) => [foldName(names.of(code) ?? code), code] as const);
  });
  return new Map([...named, ['кыргызстан', 'KG']]);
}

/** 2GIS gives the country's name, not its code. Without the name: in Uzbekistan's box, where Shymkent lies too. */
function countryCodeOf(item: Item): string | null {
  const country = countryOf(item);
  if (country !== null) {
    codesByCountry ??= nameCountries();
    return codesByCountry.get(foldName(country)) ?? null;
  }
  const box = boxOfCountry('UZ');
  return box !== null && isWithin(box, item) ? 'UZ' : null;
}

function countryOf(item: Item): string | null {
  if (kindOfDivision(item) === 'country') return item.name;
  return item.divisions.findLast(({ type }) => type === 'country')?.name ?? null;
}

/** The level of an item that is itself a division. */
function kindOfDivision({ type, subtype }: Item): string | null {
  return type.startsWith('adm_div') ? (subtype ?? type.split('.')[1] ?? null) : null;
}

export function addressComponents(item: Item): readonly AddressComponent[] {
  const component = (name: string | null, types: readonly string[], short = name): AddressComponent[] =>
    name === null ? [] : [{ long_name: name, short_name: short ?? name, types }];
  return [
    ...item.divisions.flatMap(({ type, name }) =>
      component(name, typesByDivision[type] ?? [type], type === 'country' ? (countryCodeOf(item) ?? name) : name),
    ),
    ...component(item.street, ['route']),
    ...component(item.houseNumber, ['street_number']),
    ...component(item.postcode, ['postal_code']),
  ];
}

export function addressParts(item: Item): AddressParts {
  const last = (...types: string[]): string | null =>
    types
      .map((type) => item.divisions.findLast((part) => part.type === type)?.name)
      .find((name) => name !== undefined) ?? null;
  const own = kindOfDivision(item);
  const named = (type: string): string | null => (own === type ? item.name : null);
  return {
    street: item.street,
    house_number: item.houseNumber,
    district: named('district') ?? last('district', 'district_area'),
    city: named('city') ?? last('city', 'settlement'),
    region: named('region') ?? last('region'),
    postal_code: item.postcode,
    country: countryOf(item),
    country_code: countryCodeOf(item),
  };
}

/** Routes come in any order and carry their points. */
export function parseMatrix(json: unknown, sources: readonly number[], targets: readonly number[]): RouteMatrix {
  const routes = listIn(json, 'routes').filter(isObject);
  const byEnds = new Map(routes.map((route) => [`${route.source_id} ${route.target_id}`, route]));
  return sources.map((source) =>
    targets.map((target) => {
      const route = byEnds.get(`${source} ${target}`);
      return readElement(route, route?.distance, route?.duration);
    }),
  );
}
