/** Extracts from a question the city, street and house that its answer is compared with. */
import type { QuestionParts } from '../../providers/geocoding.ts';
import { readAddress, type WrittenPart } from '../address/normalize-address.ts';
import { cityOf } from './cities.ts';
import type { AskedParts } from './compare-answer.ts';

export function askedPartsOf(address: string, country: string | null): AskedParts {
  const { parts } = readAddress(address);
  const find = (kind: WrittenPart['kind']): WrittenPart | undefined => parts.find((part) => part.kind === kind);
  const names = parts.filter(({ kind }) => kind === 'name');
  const named = cityIn(parts);
  const city = named === undefined ? null : textOf(named);
  if (isPoint(address)) return { city, street: null, isQuarter: false, house: null, country };
  const house = houseOf(find('house'), find('building'));
  return {
    city,
    ...streetOf(parts, names.filter((name) => name !== named).map(textOf), house),
    house,
    country,
  };
}

/** Of latitude and longitude: `2º andar` alone is a floor. */
const degrees = /\d\s*[°º].*\d\s*[°º]/;
/** https://github.com/google/open-location-code: whole, or short with a town behind it. */
const plusCode = /(?:^|\s)(?:[23456789CFGHJMPQRVWX]{2}){2,4}\+[23456789CFGHJMPQRVWX]{2,}(?=[\s,]|$)/i;
/** `N41.311081 E69.240562`, `lat: 41.3, lon: 69.2`. */
const namesOfCoordinates = /\b(?:lat|latitude|lon|lng|longitude|geo)\b|(?<![a-z])[nsew](?![a-z])/gi;
const twoFractions = /^[\s,;:=]*[-+]?\d+[.,]\d+[\s,;:=]+[-+]?\d+[.,]\d+\s*$/;

/** A point in numbers, which has no street and no house to compare an answer with. */
function isPoint(address: string): boolean {
  return degrees.test(address) || plusCode.test(address) || twoFractions.test(address.replace(namesOfCoordinates, ' '));
}

/**
 * `Ташкент, Навои 5`: beside a named city, what else may be a city is a street. So is, in `Навои 5, Бухара`, the name
 * with the house behind it.
 */
function cityIn(parts: readonly WrittenPart[]): WrittenPart | undefined {
  const said = parts.find(({ kind }) => kind === 'city');
  if (said !== undefined) return said;
  const bare = parts.filter((part) => part.kind === 'name' && part.code === '' && cityOf(textOf(part)) !== null);
  return bare.find((part) => parts[parts.indexOf(part) + 1]?.kind !== 'house') ?? bare[0];
}

/** The parts that may be named like a street and are none: the city, a district, a quarter. */
export function areasIn(address: string): readonly WrittenPart[] {
  const { parts } = readAddress(address);
  const city = cityIn(parts);
  // `Навои 5` alone is a street as well as a city.
  const isAlone = !parts.some((part) => part !== city && ['street', 'lane', 'name', 'quarter'].includes(part.kind));
  const areas = ['country', 'region', 'city', 'district', 'quarter'];
  return parts.filter((part) => areas.includes(part.kind) || (part === city && !isAlone));
}

/** The same, for an address given in parts. */
export function askedPartsIn({ city, street, house_number }: QuestionParts, country: string | null): AskedParts {
  const read = street === undefined ? null : askedPartsOf(street, country);
  const hasName = read?.street != null;
  return {
    city: city ?? null,
    street: hasName ? read.street : (street ?? null),
    isQuarter: hasName ? read.isQuarter : false,
    ...(read?.road !== undefined && { road: read.road }),
    house: house_number ?? read?.house ?? null,
    country,
  };
}

/**
 * A lane is named with its street, and a quarter's number with its name; a bare name with a house may be either a
 * street or a quarter.
 */
function streetOf(
  parts: readonly WrittenPart[],
  names: readonly string[],
  house: string | null,
): Pick<AskedParts, 'street' | 'isQuarter' | 'road'> {
  const roads = parts.filter(({ kind }) => kind === 'street' || kind === 'lane');
  if (roads.some(({ words }) => words.length > 0)) {
    const street = { street: roads.map(textOf).join(' '), isQuarter: false };
    if (roads.some(({ kind }) => kind === 'lane')) return { ...street, road: 'lane' };
    // `1-й пр.` is a проспект or a проезд.
    return roads.some(({ code }) => code === 'pr') ? street : { ...street, road: 'street' };
  }
  const quarters = parts.filter(({ kind }) => kind === 'quarter');
  if (quarters.length > 0) return { street: quarters.map(textOf).join(' '), isQuarter: true };
  if (house !== null && names.length > 0) return { street: names.join(' '), isQuarter: true };
  return { street: null, isQuarter: false };
}

function houseOf(house: WrittenPart | undefined, building: WrittenPart | undefined): string | null {
  const numbers = [house, building].map((part) => part?.number ?? '').filter((number) => number !== '');
  // Two coordinates look like a house and a number.
  if (numbers.length === 0 || /^\d+\.\d+$/.test(numbers[0] as string)) return null;
  return numbers.join('/');
}

function textOf({ words, number }: WrittenPart): string {
  return [...words, ...(number === '' ? [] : [number])].join(' ');
}
