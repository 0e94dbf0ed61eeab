/**
 * Parses Yandex's JSON. Positions are "lon lat" in the geocoder, counters are strings, and old replies lack `Address`.
 */
import type { AddressComponent, AddressParts, Coordinates, RouteMatrix } from '../geocoding.ts';
import { plausibleCoordinates } from '../plausible.ts';
import { isObject, listIn, objectIn, textIn } from '../reading.ts';
import { readElement } from '../route-matrix.ts';

/** https://yandex.com/dev/geocode/doc/en/response: how much of a house's address was matched. */
export const precisions = ['exact', 'number', 'near', 'range', 'street', 'other'] as const;
export type Precision = (typeof precisions)[number];

export interface GeoObject extends Coordinates {
  readonly text: string;
  readonly kind: string;
  readonly precision: Precision;
  readonly countryCode: string | null;
  readonly postalCode: string | null;
  /** From the largest to the smallest; a kind can repeat. */
  readonly components: readonly { readonly kind: string; readonly name: string }[];
  readonly uri: string | null;
}

export interface GeocoderReply {
  readonly objects: readonly GeoObject[];
  /** Number of objects without a readable position or text. */
  readonly unreadable: number;
}

/** null: not a geocoder reply. */
export function parseGeocoderReply(json: unknown): GeocoderReply | null {
  const collection = objectIn(objectIn(json, 'response'), 'GeoObjectCollection');
  if (!Array.isArray(collection.featureMember)) return null;
  const objects = collection.featureMember.map(parseGeoObject).filter((object) => object !== null);
  return { objects, unreadable: collection.featureMember.length - objects.length };
}

function parseGeoObject(member: unknown): GeoObject | null {
  const object = objectIn(member, 'GeoObject');
  const meta = objectIn(objectIn(object, 'metaDataProperty'), 'GeocoderMetaData');
  const address = objectIn(meta, 'Address');
  const country = objectIn(objectIn(meta, 'AddressDetails'), 'Country');
  const countryCode = textIn(address, 'country_code') ?? textIn(country, 'CountryNameCode');
  const point = parsePosition(textIn(objectIn(object, 'Point'), 'pos'), countryCode);
  const text = textIn(meta, 'text') ?? textIn(address, 'formatted') ?? textIn(country, 'AddressLine');
  if (point === null || text === null) return null;
  const named = listIn(address, 'Components')
    .map((part) => ({ kind: textIn(part, 'kind'), name: textIn(part, 'name') }))
    .filter((part): part is { kind: string; name: string } => part.kind !== null && part.name !== null);
  const components = named.length > 0 ? named : componentsFromDetails(country);
  return {
    ...point,
    text,
    kind: textIn(meta, 'kind') ?? 'other',
    // An unknown precision is trusted as little as the least exact one.
    precision: precisions.find((each) => each === meta.precision) ?? 'other',
    countryCode,
    postalCode: textIn(address, 'postal_code') ?? findText(country, 'PostalCodeNumber'),
    components,
    uri: textIn(object, 'uri'),
  };
}

/** "69.2543 41.2889": longitude first, whatever order the request was in. */
function parsePosition(text: string | null, countryCode: string | null): Coordinates | null {
  const match = text === null ? null : /^\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  return match === null ? null : plausibleCoordinates(Number(match[2]), Number(match[1]), countryCode);
}

/** The xAL elements for each kind, in nesting order. */
const detailNames: readonly (readonly [member: string, kind: string])[] = [
  ['CountryName', 'country'],
  ['AdministrativeAreaName', 'province'],
  ['SubAdministrativeAreaName', 'area'],
  ['LocalityName', 'locality'],
  ['DependentLocalityName', 'district'],
  ['ThoroughfareName', 'street'],
  ['PremiseNumber', 'house'],
];

function componentsFromDetails(country: unknown): GeoObject['components'] {
  return detailNames
    .map(([member, kind]) => ({ kind, name: findText(country, member) }))
    .filter((part): part is { kind: string; name: string } => part.name !== null);
}

const maxDepth = 12;

/** The text of a member at any depth. */
function findText(value: unknown, member: string, depth = 0): string | null {
  if (!isObject(value) || depth > maxDepth) return null;
  const own = textIn(value, member);
  if (own !== null) return own;
  for (const child of Object.values(value)) {
    const found = findText(child, member, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** Google's component types for Yandex's kinds, so that all vendors use one vocabulary. */
const typesByKind: Readonly<Record<string, readonly string[]>> = {
  country: ['country', 'political'],
  region: ['administrative_area_level_1', 'political'],
  province: ['administrative_area_level_1', 'political'],
  area: ['administrative_area_level_2', 'political'],
  locality: ['locality', 'political'],
  district: ['sublocality', 'sublocality_level_1', 'political'],
  street: ['route'],
  house: ['street_number'],
  entrance: ['subpremise'],
  metro: ['subway_station', 'transit_station'],
  railway_station: ['train_station', 'transit_station'],
  airport: ['airport'],
  hydro: ['natural_feature'],
  vegetation: ['natural_feature'],
};

export function addressComponents(object: GeoObject): readonly AddressComponent[] {
  const components = object.components.map(({ kind, name }) => ({
    long_name: name,
    short_name: kind === 'country' ? (object.countryCode ?? name) : name,
    types: typesByKind[kind] ?? [kind],
  }));
  if (object.postalCode === null) return components;
  return [...components, { long_name: object.postalCode, short_name: object.postalCode, types: ['postal_code'] }];
}

/** If a kind repeats, the last one is the smallest: `province` is first a federal district and then the region. */
export function addressParts(object: GeoObject): AddressParts {
  const last = (kind: string): string | null => object.components.findLast((part) => part.kind === kind)?.name ?? null;
  return {
    street: last('street'),
    house_number: last('house'),
    // Outside cities a tuman is an `area`; inside them it is a `district`.
    district: last('district') ?? last('area'),
    city: last('locality'),
    region: last('province') ?? last('region'),
    postal_code: object.postalCode,
    country: last('country'),
    country_code: object.countryCode,
  };
}

/** Rows and elements follow the order of the ends. */
export function parseMatrix(json: unknown, rows: number, columns: number): RouteMatrix {
  const given = listIn(json, 'rows').map((row) => listIn(row, 'elements'));
  return Array.from({ length: rows }, (_row, row) =>
    Array.from({ length: columns }, (_column, column) => {
      const element = given[row]?.[column];
      return readElement(element, objectIn(element, 'distance').value, objectIn(element, 'duration').value);
    }),
  );
}
