/** Renders a place as Yandex's Geocoder does: positions are "lon lat", numbers are strings. */
import type { LocalNames } from '../../src/providers/offline_gazetteer/uzbekistan.ts';
import { isQuarter, type Language, type Located, moveBy, type PlaceKind } from '../places/located.ts';

const kinds: Readonly<Record<PlaceKind, string>> = {
  house: 'house',
  street: 'street',
  metro: 'metro',
  airport: 'airport',
  hydro: 'hydro',
  district: 'district',
  city: 'locality',
  area: 'area',
  region: 'province',
  country: 'country',
};

type Json = Readonly<Record<string, unknown>>;

export function toGeoObject(place: Located, language: Language): Json {
  const { latitude, longitude, radiusMeters } = place;
  const lower = moveBy(latitude, longitude, -radiusMeters, -radiusMeters);
  const upper = moveBy(latitude, longitude, radiusMeters, radiusMeters);
  const line = addressLine(place, language);
  const description = line.slice(0, -1).reverse().join(', ');
  return {
    metaDataProperty: {
      GeocoderMetaData: {
        precision: precisionOf(place),
        text: line.join(', '),
        kind: isBareQuarter(place) ? 'district' : kinds[place.kind],
        Address: {
          country_code: place.countryCode,
          formatted: line.join(', '),
          ...(place.postalCode !== null && { postal_code: place.postalCode }),
          Components: components(place, language),
        },
        AddressDetails: { Country: addressDetails(place, language, line) },
      },
    },
    name: line.at(-1),
    ...(description !== '' && { description }),
    boundedBy: {
      Envelope: {
        lowerCorner: position(lower.latitude, lower.longitude),
        upperCorner: position(upper.latitude, upper.longitude),
      },
    },
    uri: `ymapsbm1://geo?data=emulated&ll=${longitude.toFixed(3)}%2C${latitude.toFixed(3)}`,
    Point: { pos: position(latitude, longitude) },
  };
}

export function position(latitude: number, longitude: number): string {
  return `${longitude.toFixed(6)} ${latitude.toFixed(6)}`;
}

function precisionOf(place: Located): string {
  if (place.kind === 'house') return 'exact';
  return place.kind === 'street' && !isBareQuarter(place) ? 'street' : 'other';
}

/** A quarter without a house is a district inside its district; with one it has an address like a street. */
function isBareQuarter(place: Located): boolean {
  return isQuarter(place) && place.house === null;
}

/** From the country down, without repeating a city that is its own region: `Узбекистан, Ташкент, улица Навои, 12`. */
function addressLine(place: Located, language: Language): readonly string[] {
  const name = (names: LocalNames | null): string | undefined => names?.[language];
  const region = name(place.region);
  const city = name(place.city);
  const street = name(place.street);
  const parts = [
    name(place.country),
    region === city ? undefined : region,
    name(place.area),
    city,
    // The district is included if it is the result, or if a quarter's number is meaningless without it.
    place.kind === 'district' || isQuarter(place) ? name(place.district) : undefined,
    place.house === null ? street : `${street}, ${place.house}`,
    name(place.feature),
  ];
  return parts.filter((part) => part !== undefined);
}

function streetKind(place: Located): string {
  if (isBareQuarter(place)) return 'district';
  return place.kind === 'metro' ? 'route' : 'street';
}

function components(place: Located, language: Language): readonly Json[] {
  const component = (kind: string, name: string | null | undefined): Json[] =>
    name === null || name === undefined ? [] : [{ kind, name }];
  return [
    ...component('country', place.country[language]),
    ...component('province', place.region?.[language]),
    ...component('area', place.area?.[language]),
    ...component('locality', place.city?.[language]),
    ...component('district', place.kind === 'district' || isQuarter(place) ? place.district?.[language] : null),
    ...component(streetKind(place), place.street?.[language]),
    ...component('house', place.house),
    ...component(kinds[place.kind], place.feature?.[language]),
  ];
}

/** The xAL tree: each level contains the next smaller one; missing levels are skipped. */
function addressDetails(place: Located, language: Language, line: readonly string[]): Json {
  const name = (names: LocalNames | null): string | null => names?.[language] ?? null;
  const premise: Json | null =
    place.house !== null
      ? {
          PremiseNumber: place.house,
          ...(place.postalCode !== null && { PostalCode: { PostalCodeNumber: place.postalCode } }),
        }
      : place.feature === null
        ? null
        : { PremiseName: name(place.feature) };
  const withDistrict = place.kind === 'district' || isQuarter(place);
  const within: Json = premise === null ? {} : { Premise: premise };
  let inner = isBareQuarter(place)
    ? nest('DependentLocality', 'DependentLocalityName', name(place.street), within)
    : nest('Thoroughfare', 'ThoroughfareName', name(place.street), within);
  if (withDistrict) inner = nest('DependentLocality', 'DependentLocalityName', name(place.district), inner);
  // A place outside any town hangs on a locality without a name.
  inner =
    place.city === null && premise !== null
      ? { Locality: inner }
      : nest('Locality', 'LocalityName', name(place.city), inner);
  inner = nest('SubAdministrativeArea', 'SubAdministrativeAreaName', name(place.area), inner);
  inner = nest('AdministrativeArea', 'AdministrativeAreaName', name(place.region), inner);
  return {
    AddressLine: line.join(', '),
    CountryNameCode: place.countryCode,
    CountryName: place.country[language],
    ...inner,
  };
}

function nest(level: string, nameMember: string, name: string | null, inner: Json): Json {
  return name === null ? inner : { [level]: { [nameMember]: name, ...inner } };
}
