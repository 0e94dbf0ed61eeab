/** Renders a place as Google's Geocoding API does. */
import {
  isQuarter,
  type Language,
  type Located,
  moveBy,
  type PlaceKind,
  round,
  stableFraction,
} from '../places/located.ts';
import { plusCode } from './plus-code.ts';

interface Component {
  readonly long_name: string;
  readonly short_name: string;
  readonly types: readonly string[];
}

const typesByKind: Readonly<Record<PlaceKind, readonly string[]>> = {
  house: ['street_address'],
  street: ['route'],
  metro: ['establishment', 'point_of_interest', 'subway_station', 'transit_station'],
  airport: ['airport', 'establishment', 'point_of_interest'],
  hydro: ['establishment', 'natural_feature'],
  district: ['political', 'sublocality', 'sublocality_level_1'],
  city: ['locality', 'political'],
  area: ['administrative_area_level_2', 'political'],
  region: ['administrative_area_level_1', 'political'],
  country: ['country', 'political'],
};

const locationTypeByKind: Readonly<Partial<Record<PlaceKind, string>>> = {
  house: 'ROOFTOP',
  street: 'GEOMETRIC_CENTER',
  metro: 'GEOMETRIC_CENTER',
  airport: 'GEOMETRIC_CENTER',
};

/** Google's own margin around a point that has no extent. */
const viewportMarginDegrees = 0.00135;

export function toResult(place: Located, language: Language) {
  const { kind, latitude, longitude, radiusMeters } = place;
  const northEast = moveBy(latitude, longitude, radiusMeters, radiusMeters);
  const southWest = moveBy(latitude, longitude, -radiusMeters, -radiusMeters);
  const bounds = { northeast: latLng(northEast), southwest: latLng(southWest) };
  const formatted = formatAddress(place, language);
  const hasExtent = kind !== 'house' && kind !== 'metro';
  return {
    address_components: components(place, language),
    formatted_address: formatted,
    geometry: {
      ...(hasExtent && { bounds }),
      location: { lat: round(latitude), lng: round(longitude) },
      location_type: locationTypeByKind[kind] ?? 'APPROXIMATE',
      viewport: hasExtent ? bounds : viewportAround(latitude, longitude),
    },
    ...(place.partial && { partial_match: true }),
    place_id: placeId(place),
    ...((kind === 'house' || kind === 'metro') && { plus_code: plusCodes(place, language) }),
    types: typesByKind[kind],
  };
}

/** Recognisable as emulated, and the same for one place in every language. */
function placeId(place: Located): string {
  const text = `${place.kind} ${place.latitude} ${place.longitude} ${formatAddress(place, 'en')}`;
  const digits = Math.floor(stableFraction(text) * 0x1_0000_0000).toString(36);
  return `emulated:${place.kind}:${digits.padStart(7, '0')}`;
}

export function plusCodes(place: Located, language: Language): { compound_code: string; global_code: string } {
  const code = plusCode(place.latitude, place.longitude);
  const around = [place.city, place.country].map((names) => names?.[language]).filter((name) => name !== undefined);
  return { compound_code: `${code.slice(4)} ${around.join(', ')}`, global_code: code };
}

function components(place: Located, language: Language): readonly Component[] {
  const component = (name: string | undefined, types: readonly string[], short = name): Component[] =>
    name === undefined ? [] : [{ long_name: name, short_name: short ?? name, types }];
  return [
    ...component(place.house ?? undefined, ['street_number']),
    ...component(place.feature?.[language], typesByKind[place.kind]),
    ...component(place.street?.[language], ['route']),
    ...component(place.district?.[language], ['political', 'sublocality', 'sublocality_level_1']),
    ...component(place.city?.[language], ['locality', 'political']),
    ...component(place.area?.[language], ['administrative_area_level_2', 'political']),
    ...component(place.region?.[language], ['administrative_area_level_1', 'political']),
    ...component(place.country[language], ['country', 'political'], place.countryCode),
    ...component(place.postalCode ?? undefined, ['postal_code']),
  ];
}

/** House after the street, postal code before the city, as Google writes Uzbek addresses. */
export function formatAddress(place: Located, language: Language): string {
  const street = place.street?.[language];
  const line = street === undefined ? undefined : place.house === null ? street : `${street} ${place.house}`;
  const city = place.city?.[language];
  const region = place.region?.[language];
  const parts = [
    place.feature?.[language],
    line,
    place.kind === 'district' || isQuarter(place) ? place.district?.[language] : undefined,
    place.postalCode,
    city,
    place.area?.[language],
    region === city ? undefined : region,
    place.country[language],
  ];
  return parts.filter((part) => part !== undefined && part !== null).join(', ');
}

function viewportAround(latitude: number, longitude: number) {
  const at = (sign: 1 | -1) => ({
    lat: round(latitude + sign * viewportMarginDegrees),
    lng: round(longitude + sign * viewportMarginDegrees),
  });
  return { northeast: at(1), southwest: at(-1) };
}

function latLng({ latitude, longitude }: { latitude: number; longitude: number }): { lat: number; lng: number } {
  return { lat: latitude, lng: longitude };
}
