/**
 * Compares an answer with its question, by the same rule for every provider. An answer with another house, street, city
 * or country than asked, or with a street instead of a house, is at most a partial match, whatever the vendor reports.
 */
import type { AddressParts, Match, PartMatch, Place } from '../../providers/geocoding.ts';
import { boxOfCountry, isWithin } from '../../providers/plausible.ts';
import { cityOf } from './cities.ts';
import { isSameHouse } from './house-numbers.ts';
import { soundsAlike, soundsOf } from './sound.ts';

/** The parts that the question names; null for a part that it does not name. */
export interface AskedParts {
  readonly city: string | null;
  /** A street, or the quarter that stands in its place. */
  readonly street: string | null;
  readonly isQuarter: boolean;
  /** Absent for a bare name, which may be either. */
  readonly road?: 'street' | 'lane';
  /** Other names of the street, current or former. */
  readonly formerStreets?: readonly string[];
  readonly house: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
}

export const nothingAsked: Match = { city: 'not_asked', street: 'not_asked', house_number: 'not_asked' };

/**
 * The highest confidence for each kind of mismatch. All are below `goodConfidence`, so a mismatch never ends the chain.
 */
export const confidenceCaps = {
  anotherCountry: 0.2,
  anotherCity: 0.2,
  anotherStreet: 0.3,
  noStreet: 0.3,
  anotherHouse: 0.45,
  noHouse: 0.45,
} as const;

export interface ComparedPlace extends Place {
  readonly match: Match;
}

export function compareAnswer(asked: AskedParts, place: Place): ComparedPlace {
  const match: Match = {
    city: matchCity(asked, place),
    street: matchStreet(asked, place),
    house_number: matchHouse(asked, place.components),
  };
  const caps = [
    ...(isAbroad(asked, place) ? [confidenceCaps.anotherCountry] : []),
    ...(match.city === 'differs' ? [confidenceCaps.anotherCity] : []),
    ...(match.street === 'differs' ? [confidenceCaps.anotherStreet] : []),
    ...(match.street === 'missing' ? [confidenceCaps.noStreet] : []),
    ...(match.house_number === 'differs' ? [confidenceCaps.anotherHouse] : []),
    ...(match.house_number === 'missing' ? [confidenceCaps.noHouse] : []),
  ];
  return {
    ...place,
    confidence: Math.min(place.confidence, ...caps),
    partial_match: place.partial_match || caps.length > 0,
    match,
  };
}

function isAbroad({ country }: AskedParts, place: Place): boolean {
  if (country === null) return false;
  const { country_code: code } = place.components;
  if (code !== null) return code.toUpperCase() !== country;
  const box = boxOfCountry(country);
  return box !== null && !isWithin(box, place);
}

function matchHouse({ house }: AskedParts, { house_number: found }: AddressParts): PartMatch {
  if (house === null) return 'not_asked';
  if (found === null || !/\d/.test(found)) return 'missing';
  return isSameHouse(house, found) ? 'exact' : 'differs';
}

const townTypes = ['locality', 'postal_town', 'administrative_area_level_3', 'sublocality'];

function matchCity({ city }: AskedParts, place: Place): PartMatch {
  if (city === null) return 'not_asked';
  const { components } = place;
  const towns = [components.city, ...longNames(place, townTypes)].filter((name) => name !== null);
  // A city with the rank of a region appears as a region: `Ташкент`, but not `Ташкентская область`.
  const { region } = components;
  if (region !== null && !/област|вилоят|viloyat|region|province/i.test(region)) towns.push(region);
  if (towns.length === 0) return 'missing';
  return towns.some((town) => isSameCity(city, town)) ? 'exact' : 'differs';
}

function isSameCity(one: string, other: string): boolean {
  const [left, right] = [cityOf(one), cityOf(other)];
  if (left !== null && right !== null) return left === right;
  return holds(soundsOf(other), soundsOf(one)) || holds(soundsOf(one), soundsOf(other));
}

const quarterTypes = [
  'neighborhood',
  'sublocality',
  'sublocality_level_1',
  'sublocality_level_2',
  'district',
  'political',
];

function matchStreet({ street, formerStreets = [], isQuarter, road }: AskedParts, place: Place): PartMatch {
  if (street === null) return 'not_asked';
  if (isOtherRoad(road, place.components.street ?? '')) return 'differs';
  const matches = [street, ...formerStreets].map((name) => matchName(name, isQuarter, place));
  return matches.find((match) => match === 'exact') ?? (matches[0] as PartMatch);
}

const laneWords =
  /(?<!\p{L})(?:тупик|проезд|пр-д|переулок|пер|тор|берк|tor|berk|tupi[kg]i?|pro(?:y)?ezdi?|pereulok|lane|passage)(?!\p{L})/iu;
const streetWords =
  /(?<!\p{L})(?:улица|ул|проспект|бульвар|шоссе|ko.?chasi|кўчаси|кучаси|street|avenue|ulitsa|prospekti?)(?!\p{L})/iu;

/** `тупик Навои` beside `улица Навои` has house numbers of its own. */
function isOtherRoad(road: AskedParts['road'], found: string): boolean {
  const isLane = laneWords.test(found);
  return road === 'street' ? isLane : road === 'lane' && !isLane && streetWords.test(found);
}

function matchName(street: string, isQuarter: boolean, place: Place): PartMatch {
  const asked = soundsOf(street);
  if (asked.length === 0) return 'not_asked';
  const { components } = place;
  if (components.street !== null && isSameStreet(asked, soundsOf(components.street))) return 'exact';
  const around = [components.street, components.district, ...longNames(place, quarterTypes)]
    .filter((name) => name !== null)
    .flatMap(soundsOf);
  if ((isQuarter || components.street === null) && holds(around, asked)) return 'exact';
  return components.street === null || isQuarter ? 'missing' : 'differs';
}

/** One name may be shorter than the other (`Навои`, `Алишера Навои`), but a numbered lane is not its street. */
function isSameStreet(asked: readonly string[], found: readonly string[]): boolean {
  const isNumber = (word: string): boolean => /^\d/.test(word);
  const [numbers, foundNumbers] = [asked.filter(isNumber), found.filter(isNumber)];
  if (numbers.length !== foundNumbers.length || !numbers.every((number) => foundNumbers.includes(number))) return false;
  const [words, foundWords] = [asked.filter((word) => !isNumber(word)), found.filter((word) => !isNumber(word))];
  if (words.length === 0 || foundWords.length === 0) return words.length === foundWords.length;
  return holds(foundWords, words) || holds(words, foundWords);
}

/** Whether `text` contains every word of `words`; an initial matches any name that begins with it. */
function holds(text: readonly string[], words: readonly string[]): boolean {
  return (
    words.length > 0 &&
    words.some((word) => word.length > 2 || /^\d/.test(word) || words.length === 1) &&
    words.every((word) =>
      text.some(
        (other) => soundsAlike(word, other) || (word.length <= 2 && !/^\d/.test(word) && other.startsWith(word)),
      ),
    )
  );
}

function longNames({ address_components }: Place, types: readonly string[]): string[] {
  return address_components
    .filter((part) => part.types.some((type) => types.includes(type)))
    .map((part) => part.long_name);
}
