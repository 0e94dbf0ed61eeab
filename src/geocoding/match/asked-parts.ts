/** Extracts from a question the city, street and house that its answer is compared with. */
import type { QuestionParts } from '../../providers/geocoding.ts';
import { readAddress } from '../address/normalize-address.ts';
import { cityOf } from './cities.ts';
import type { AskedParts } from './compare-answer.ts';

type Part = ReturnType<typeof readAddress>['parts'][number];

export function askedPartsOf(address: string, country: string | null): AskedParts {
  const { parts } = readAddress(address);
  const find = (kind: Part['kind']): Part | undefined => parts.find((part) => part.kind === kind);
  const names = parts.filter(({ kind }) => kind === 'name').map(textOf);
  const city = find('city');
  const bareCity = names.find((name) => cityOf(name) !== null);
  const house = houseOf(find('house'), find('building'));
  return {
    city: city === undefined ? (bareCity ?? null) : textOf(city),
    ...streetOf(
      parts,
      names.filter((name) => name !== bareCity),
      house,
    ),
    house,
    country,
  };
}

/** The same, for an address given in parts. */
export function askedPartsIn({ city, street, house_number }: QuestionParts, country: string | null): AskedParts {
  const read = street === undefined ? null : askedPartsOf(street, country);
  const hasName = read?.street != null;
  return {
    city: city ?? null,
    street: hasName ? read.street : (street ?? null),
    isQuarter: hasName ? read.isQuarter : false,
    house: house_number ?? null,
    country,
  };
}

/**
 * A lane is named with its street, and a quarter's number with its name; a bare name with a house may be either a
 * street or a quarter.
 */
function streetOf(
  parts: readonly Part[],
  names: readonly string[],
  house: string | null,
): Pick<AskedParts, 'street' | 'isQuarter'> {
  const roads = parts.filter(({ kind }) => kind === 'street' || kind === 'lane');
  if (roads.some(({ words }) => words.length > 0)) return { street: roads.map(textOf).join(' '), isQuarter: false };
  const quarters = parts.filter(({ kind }) => kind === 'quarter');
  if (quarters.length > 0) return { street: quarters.map(textOf).join(' '), isQuarter: true };
  if (house !== null && names.length > 0) return { street: names.join(' '), isQuarter: true };
  return { street: null, isQuarter: false };
}

function houseOf(house: Part | undefined, building: Part | undefined): string | null {
  const numbers = [house, building].map((part) => part?.number ?? '').filter((number) => number !== '');
  // Two coordinates look like a house and a number.
  if (numbers.length === 0 || /^\d+\.\d+$/.test(numbers[0] as string)) return null;
  return numbers.join('/');
}

function textOf({ words, number }: Part): string {
  return [...words, ...(number === '' ? [] : [number])].join(' ');
}
