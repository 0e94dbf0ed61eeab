/** A place found by the emulator, before a vendor renders it. */
import { cityName, countryName, regionName } from '../../src/providers/offline_gazetteer/local-names.ts';
import type { LocalNames } from '../../src/providers/offline_gazetteer/uzbekistan.ts';
import type { GazetteerPlace } from '../../src/providers/offline_gazetteer/world-index.ts';
import { areaOfTown } from './landmarks.ts';
import type { Street } from './streets.ts';

export type PlaceKind =
  | 'house'
  | 'street'
  | 'metro'
  | 'airport'
  | 'hydro'
  | 'district'
  | 'city'
  | 'area'
  | 'region'
  | 'country';

export interface Located {
  readonly kind: PlaceKind;
  readonly latitude: number;
  readonly longitude: number;
  /** Approximate radius. */
  readonly radiusMeters: number;
  readonly countryCode: string;
  readonly country: LocalNames;
  readonly region: LocalNames | null;
  readonly area: LocalNames | null;
  readonly city: LocalNames | null;
  readonly district: LocalNames | null;
  /** A street, or a housing quarter, which has addresses like a street. */
  readonly street: LocalNames | null;
  readonly house: string | null;
  /** A named object, such as a metro station or a river. */
  readonly feature: LocalNames | null;
  readonly postalCode: string | null;
  /** Part of the question was not matched. */
  readonly partial: boolean;
}

/** A quarter's number is meaningless without its district, so addresses contain both. */
export function isQuarter(place: Located): boolean {
  return place.street?.ru.endsWith('квартал') ?? false;
}

export const languages = ['ru', 'uz', 'en'] as const;
export type Language = (typeof languages)[number];

/** Only three languages are emulated: every language but Russian and Uzbek counts as English. */
export function toLanguage(tag: string | null): Language {
  const prefix = tag?.slice(0, 2).toLowerCase();
  return languages.find((language) => language === prefix) ?? 'en';
}

/** Everything around a town. */
export function surroundings(
  place: GazetteerPlace,
): Pick<Located, 'countryCode' | 'country' | 'region' | 'area' | 'city'> {
  return {
    countryCode: place.countryCode,
    country: inAll((language) => countryName(place.countryCode, language)),
    region: regionName(place, 'ru') === null ? null : inAll((language) => regionName(place, language) as string),
    area: areaOfTown[place.geonameId] ?? null,
    city: inAll((language) => cityName(place, language)),
  };
}

export function inAll(name: (language: Language) => string): LocalNames {
  return { ru: name('ru'), uz: name('uz'), en: name('en') };
}

/** A number from 0 up to 1, always the same for the same text (FNV-1a), so that invented values stay the same. */
export function stableFraction(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  // The low bits of short texts barely differ; one more round spreads them.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000;
}

const metersPerDegree = 111_195;

export function moveBy(
  latitude: number,
  longitude: number,
  northMeters: number,
  eastMeters: number,
): { latitude: number; longitude: number } {
  return {
    latitude: round(latitude + northMeters / metersPerDegree),
    longitude: round(longitude + eastMeters / (metersPerDegree * Math.cos((latitude * Math.PI) / 180))),
  };
}

/** Seven decimals are a centimetre, as the vendors print. */
export function round(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}

/** Up to this number, houses are spaced evenly along a street; higher ones are placed by hash. */
const regularHouses = 300;
/** A house above this number is not found. */
export const lastHouse = 2_000;

/** The position of a house: numbers run along the street, odd ones on one side; letter or block moves it a little. */
export function placeHouse(street: Street, house: string): { latitude: number; longitude: number } {
  const number = Number.parseInt(house, 10);
  const along = number <= regularHouses ? number / regularHouses : stableFraction(`${street.names.ru} ${number}`);
  const jitterMeters = house === String(number) ? 0 : 4 + stableFraction(`${street.names.ru} ${house}`) * 8;
  const sideMeters = (number % 2 === 0 ? 14 : -14) + jitterMeters;
  return offStreet(street, (along - 0.5) * street.lengthMeters, sideMeters);
}

function offStreet(street: Street, alongMeters: number, sideMeters: number): { latitude: number; longitude: number } {
  const heading = (street.headingDegrees * Math.PI) / 180;
  return moveBy(
    street.latitude,
    street.longitude,
    Math.cos(heading) * alongMeters - Math.sin(heading) * sideMeters,
    Math.sin(heading) * alongMeters + Math.cos(heading) * sideMeters,
  );
}

/** The house of a street nearest to a point, and the distance from the point to the street. */
export function nearestHouse(
  street: Street,
  latitude: number,
  longitude: number,
): { house: string; distanceMeters: number } {
  const north = (latitude - street.latitude) * metersPerDegree;
  const east = (longitude - street.longitude) * metersPerDegree * Math.cos((street.latitude * Math.PI) / 180);
  const heading = (street.headingDegrees * Math.PI) / 180;
  const along = north * Math.cos(heading) + east * Math.sin(heading);
  const side = -north * Math.sin(heading) + east * Math.cos(heading);
  const clamped = Math.max(-street.lengthMeters / 2, Math.min(street.lengthMeters / 2, along));
  const spacing = street.lengthMeters / regularHouses;
  const raw = Math.round((clamped + street.lengthMeters / 2) / spacing);
  const parity = side > 0 ? 0 : 1;
  const number = Math.min(regularHouses, Math.max(1, raw % 2 === parity ? raw : raw + 1));
  return { house: String(number), distanceMeters: Math.hypot(along - clamped, side) };
}
