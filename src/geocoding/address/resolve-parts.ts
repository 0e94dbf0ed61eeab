/** Decides what bare names and bare numbers are, by the parts around them. */
import type { Part } from './address-parts.ts';
import { ordinalEndings } from './designators.ts';
import { bareDistricts, cities, countries, numberedEstates, wholeNames } from './name-words.ts';
import { type Orthography, spellRegion, spellWord } from './spell-name.ts';

const cityNames: ReadonlySet<string> = new Set(cities);
const estates: ReadonlySet<string> = new Set(numberedEstates);
const districtNames: ReadonlySet<string> = new Set(bareDistricts);

/** A part with its name in canonical spelling. */
export interface ResolvedPart extends Part {
  name: string;
  /** For a bare house or number: the part that it follows, if its meaning depends on that; else empty. */
  doubt: string;
}

export function resolveParts(parts: readonly Part[], orthography: Orthography): ResolvedPart[] {
  const resolved = parts.map((part): ResolvedPart => {
    const name = spellName(part, orthography);
    return { ...part, name, code: part.kind === 'name' ? codeOfAdjective(part, name) : part.code, doubt: '' };
  });
  takeEstateNumbers(resolved);
  nameBareNames(resolved);
  findHouse(resolved);
  return resolved;
}

function spellName({ kind, words }: Part, orthography: Orthography): string {
  const spell = kind === 'region' ? spellRegion : spellWord;
  if (words.length === 1 && (words[0] as string).length <= 2) return words[0] === 'ts' ? 'ц' : (words[0] as string);
  // `1-я Айтматова` is `1 Айтматова`.
  const said = words.filter((word, at) => !(ordinalEndings.has(word) && /^\d+$/.test(words[at - 1] ?? '')));
  const name = said.map((word) => (/^[цщыэ]$/.test(word) ? word : spell(word, orthography))).join(' ');
  return wholeNames[name] ?? name;
}

/** `Паркентская` is a street that is named after Parkent, and `Самаркандский` a district; neither is the town. */
function codeOfAdjective({ words }: Part, name: string): string {
  const word = words.at(-1) ?? '';
  if (/ск(?:ая|ой|ую)$/.test(word) && (cityNames.has(name) || estates.has(name))) return 'adj';
  return /ск(?:ий|ого|ом)$/.test(word) && cityNames.has(name) ? 'adj-m' : '';
}

function isRightBehind(part: Part, before: Part | undefined): boolean {
  return before !== undefined && before.end === part.first && (part.glue === ' ' || part.glue === '-');
}

/** `Чиланзар-12`, `Ц-5`, `массив Куйлюк 4, дом 5`, `Chilonzor 1-25-63`, `100047`. */
function takeEstateNumbers(parts: ResolvedPart[]): void {
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] as ResolvedPart;
    if (part.kind !== 'number') continue;
    if (/^[12]\d{5}$/.test(part.number)) {
      part.kind = 'postcode';
      continue;
    }
    const before = parts[at - 1];
    if (before === undefined || !isRightBehind(part, before) || before.number !== '') continue;
    const isLettered = before.kind === 'name' && /^\p{L}{1,2}$/u.test(before.name) && parts[at - 2]?.kind !== 'number';
    const isEstate = before.kind === 'name' && before.code === '' && (isLettered || estates.has(before.name));
    const isNamedQuarter = before.kind === 'quarter' && before.name !== '' && saysHouseAfter(parts, at);
    if (isEstate) {
      before.kind = 'quarter';
      before.code = 'est';
    } else if (!isNamedQuarter && !isStreetNumber(parts, at)) continue;
    takeNumber(parts, at, before, part);
  }
}

/** `Чиланзар 1-25-63` is quarter, house and flat; any other number is the quarter's. */
function takeNumber(parts: ResolvedPart[], at: number, before: ResolvedPart, part: ResolvedPart): void {
  const [quarter, house, flat, more] = part.number.split('-');
  const isTriple = before.code === 'est' && part.end - part.first === 3 && flat !== undefined && more === undefined;
  if (!isTriple || saysHouseAfter(parts, at)) {
    // Lettered quarters also write house and flat into one number: `Га-9.1.49`.
    const dotted = before.code === 'est' && part.end - part.first === 3 ? part.number.split('.') : [];
    if (dotted.length === 3 && !saysHouseAfter(parts, at)) splitTriple(parts, at, before, part, dotted);
    else {
      before.number = part.number;
      before.end = part.end;
      parts.splice(at, 1);
    }
    return;
  }
  splitTriple(parts, at, before, part, [quarter as string, house as string, flat]);
}

function splitTriple(
  parts: ResolvedPart[],
  at: number,
  before: ResolvedPart,
  part: ResolvedPart,
  [quarter = '', house = '', flat = '']: readonly string[],
): void {
  before.number = quarter;
  before.end = part.first + 1;
  parts.splice(
    at,
    1,
    { ...part, kind: 'house', code: 'd', number: house, first: part.first + 1, end: part.first + 2 },
    { ...part, kind: 'flat', code: 'kv', number: flat, first: part.first + 2 },
  );
}

function saysHouseAfter(parts: readonly ResolvedPart[], at: number): boolean {
  return parts.slice(at + 1).some(({ kind, number }) => kind === 'house' || (kind === 'number' && number.length < 6));
}

/** `ул. Каракамиш 1, дом 21`: the house is named, so the number belongs to the street. */
function isStreetNumber(parts: readonly ResolvedPart[], at: number): boolean {
  const { kind, name } = parts[at - 1] as ResolvedPart;
  return kind === 'street' && name !== '' && parts.slice(at + 1).some((part) => part.kind === 'house');
}

const structured: ReadonlySet<string> = new Set(['street', 'lane', 'quarter', 'district']);

function nameBareNames(parts: ResolvedPart[]): void {
  const hasStructure = parts.some(({ kind }) => structured.has(kind));
  let hasCity = parts.some(({ kind }) => kind === 'city');
  for (const [at, part] of parts.entries()) {
    if (part.kind === 'region' && countries.has(part.name)) part.kind = 'country';
    if (part.kind !== 'name') continue;
    const next = parts[at + 1];
    const countsNext = next?.kind === 'number' && isRightBehind(next, part);
    if (countries.has(part.name)) part.kind = 'country';
    else if (part.code !== '') continue;
    else if (part.name === 'toshkent' || (cityNames.has(part.name) && hasStructure && !countsNext)) {
      if (hasCity || districtNames.has(part.name)) continue;
      part.kind = 'city';
      part.code = 'g';
      hasCity = true;
    }
  }
}

/**
 * The house is the number with a house designator, else the first bare number after a street or quarter, else the first
 * bare number.
 */
function findHouse(parts: ResolvedPart[]): void {
  const said = parts.find(({ kind }) => kind === 'house');
  if (said !== undefined) {
    const behind = parts[parts.indexOf(said) + 1];
    // `12 uy 45`: a number after a house in Uzbek order can only be the flat.
    if (behind?.kind === 'number' && behind.glue === ' ' && behind.first === said.end && said.code === 'd') {
      behind.kind = 'flat';
      behind.code = 'kv';
    }
    said.doubt = countedOn(parts, said);
    markNumbers(parts);
    return;
  }
  const bare = parts.filter(({ kind }) => kind === 'number');
  const house = bare.find((part) => structured.has(parts[parts.indexOf(part) - 1]?.kind ?? '')) ?? bare[0];
  if (house !== undefined) {
    house.kind = 'house';
    house.code = 'bare';
    house.doubt = doubtOf(parts, parts.indexOf(house)) + countedOn(parts, house);
  }
  markNumbers(parts);
}

function markNumbers(parts: readonly ResolvedPart[]): void {
  for (const [at, part] of parts.entries()) {
    // Coordinates are two numbers, with or without a comma.
    if (part.kind === 'number') part.doubt = part.number.includes('.') ? '' : placeOf(part.glue, parts[at - 1]);
  }
}

/**
 * `Мукими 5, Бабура` and `Мукими, Бабура 5` have the same parts, so the name that a number follows is part of the key.
 */
function placeOf(glue: string, before: ResolvedPart | undefined): string {
  return before === undefined ? glue : `${glue}${before.kind}:${before.name}${before.number}`;
}

/** At the corner of two streets, or between a street and its lane: the one that numbers the house. */
function countedOn(parts: readonly ResolvedPart[], house: ResolvedPart): string {
  const isStreet = ({ kind }: ResolvedPart): boolean => kind === 'street' || kind === 'lane';
  const all = parts.filter(isStreet).length;
  const passed = parts.slice(0, parts.indexOf(house)).filter(isStreet).length;
  const before = parts[parts.indexOf(house) - 1];
  if (all === 0) return house.code === 'd' && before?.kind === 'name' ? `:${before.name}` : '';
  return passed > 0 && passed < all ? `@${passed}` : '';
}

/** Empty if a bare number is surely the house; else the context that must be equal for two numbers to mean the same. */
function doubtOf(parts: readonly ResolvedPart[], at: number): string {
  const part = parts[at] as ResolvedPart;
  const before = parts[at - 1];
  const after = parts[at + 1];
  const hasStreet = parts.some(({ kind }) => kind === 'street' || kind === 'lane');
  const isLettered = /\d\p{L}+$/u.test(part.number) && part.glue === ',';
  const place = placeOf(isLettered ? ' ' : part.glue, before);
  // `ул. Навои, 2, тупик 7` and `Сергели, 7, мкр 3`: the number may belong to the part after it.
  const isPassed = parts
    .slice(at + 1)
    .some(({ kind, number }) => (kind === 'lane' || kind === 'quarter') && number !== '');
  if (isPassed && before !== undefined) return `${place}>`;
  if (!hasStreet)
    return before?.kind === 'quarter' && before.number !== '' && (part.glue === ',' || part.glue === '.') ? '' : place;
  const isFirst = parts.slice(0, at).every(({ kind }) => !structured.has(kind) && kind !== 'name');
  if (isFirst) return after !== undefined && after.glue !== ',' ? '~' : '';
  const isBehindStreet = before?.kind === 'street' || before?.kind === 'lane';
  return isBehindStreet && (part.glue === ' ' || part.glue === ',' || part.glue === '.') ? '' : place;
}
