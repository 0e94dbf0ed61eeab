/**
 * Normalises an address: the key that its spellings share, the query text for providers, and the unit (flat, entrance,
 * floor, intercom), which no provider needs.
 *
 * The key is made of the parts. Parts with a designator (a street, a city, `дом 5`) may stand in any order; bare
 * numbers count by their position; text that is not understood goes into the key as written. When it is doubtful
 * whether two spellings mean one place, they get two keys: a missed cache hit costs one call, a false hit sends someone
 * to a wrong door. Runs in time linear in the address's length.
 */
import { remembered, setBounded } from '../../bounded-map.ts';
import type { PartKind, Unit } from './address-parts.ts';
import { designators } from './designators.ts';
import { type FoldedText, foldCharacters } from './letters.ts';
import { readParts } from './read-parts.ts';
import { type ResolvedPart, resolveParts } from './resolve-parts.ts';
import { foldSpelling, type Orthography } from './spell-name.ts';
import { type Token, tokenizeAddress } from './tokenize-address.ts';

export interface AddressReading {
  /** Equal for spellings of one address, and never equal for two places. */
  readonly key: string;
  /** The address as the caller wrote it, without its unit. */
  readonly query: string;
  readonly unit: Unit | null;
}

export interface AddressInParts extends AddressReading {
  readonly parts: readonly WrittenPart[];
}

/** Written from `from` to before `to` of the address. */
export interface WrittenPart extends ResolvedPart {
  readonly from: number;
  readonly to: number;
}

/** The letters that Uzbek Cyrillic has beyond Russian. */
const uzbekLetters = /[ўқғҳ]/;
/** Text with more tokens is not an address; it goes into the key as it is. */
const maxTokens = 300;

/** A call parses its address twice: for the key, and again to compare each provider's answer with it. */
const recent = new Map<string, AddressInParts>();
const maxRecent = 512;

export function readAddress(address: string): AddressInParts {
  const known = recent.get(address);
  if (known !== undefined) return known;
  const read = readAnew(address);
  setBounded(recent, address, read, maxRecent);
  return read;
}

function readAnew(address: string): AddressInParts {
  const folded = foldCharacters(address);
  const tokens = tokenizeAddress(folded.text);
  if (tokens.length > maxTokens) return verbatim(address, folded.text);
  const orthography = orthographyOf(folded.text, tokens);
  const parts = resolveParts(readParts(tokens, orthography), orthography);
  const hasHouse = parts.some(({ kind }) => kind === 'house' || kind === 'building');
  // Without a house, the part that looks like a flat may be all that distinguishes two places.
  const asked = parts.filter((part) => !(hasHouse && isUnit(part)) && !isSuperfluous(part, parts));
  // If nothing but a flat is left, the flat is the question.
  if (asked.length === 0) return verbatim(address, folded.text);
  return {
    key: composeKey(asked, folded.text),
    query: asked.length === parts.length ? address.trim() : cutOut(address, folded, tokens, parts, asked),
    unit: composeUnit(address, folded, tokens, parts),
    parts: parts.map((part) => ({
      ...part,
      from: folded.originOf(tokens[part.first]?.start ?? 0),
      to: folded.originOf(tokens[part.end - 1]?.end ?? 0),
    })),
  };
}

function verbatim(address: string, folded: string): AddressInParts {
  return {
    key: `=${folded
      .replace(/\s+/g, ' ')
      .replace(/ ?([^\p{L}\p{N} ]) ?/gu, '$1')
      .trim()}`,
    query: address.trim(),
    unit: null,
    parts: [],
  };
}

function orthographyOf(text: string, tokens: readonly Token[]): Orthography {
  const isExactCyrillic = uzbekLetters.test(text);
  const isUzbekCyrillic =
    isExactCyrillic ||
    tokens.some(
      ({ text: word }) => word.length > 2 && /[а-я]/.test(word) && designators.get(word)?.position === 'after',
    );
  return { isExactCyrillic, isUzbekCyrillic };
}

const unitKinds: ReadonlySet<PartKind> = new Set(['flat', 'room', 'entrance', 'floor', 'intercom']);

function isUnit({ kind }: ResolvedPart): boolean {
  return unitKinds.has(kind);
}

/**
 * A landmark is superfluous when the house is known: when it is marked as a landmark, or follows a house in a named
 * town.
 */
function isSuperfluous(part: ResolvedPart, parts: readonly ResolvedPart[]): boolean {
  if (part.kind !== 'landmark') return false;
  const has = (wanted: PartKind): boolean => parts.some(({ kind }) => kind === wanted);
  if (!has('house') || !(has('street') || has('quarter'))) return false;
  if (part.isMarked === true) return true;
  // A number may belong to something other than the landmark.
  if (part.words.some((word) => /\d/.test(word))) return false;
  const isBehindHouse = parts.some(
    ({ kind, doubt }, at) => kind === 'house' && doubt === '' && at < parts.indexOf(part),
  );
  return isBehindHouse && has('street') && (has('city') || has('district'));
}

/** The place of each kind of part in a key. */
const places: ReadonlyMap<PartKind, number> = new Map(
  [
    ...(['country', 'postcode', 'region', 'city', 'district', 'quarter', 'street', 'lane', 'name'] as const),
    ...(['house', 'building', 'number', 'landmark', 'rest'] as const),
    ...(['flat', 'room', 'entrance', 'floor', 'intercom'] as const),
  ].map((kind, place) => [kind, place]),
);

/** Parts with names that are on no list: spellings of one sound share a key. */
const spelledLoosely: ReadonlySet<PartKind> = new Set(['street', 'lane', 'quarter', 'name']);

const townCodes: ReadonlySet<string> = new Set(['g', 'shch', 'pos']);

/** One line per part; no part's text can contain the separators. */
function composeKey(parts: readonly ResolvedPart[], text: string): string {
  const hasPlace = parts.some(
    ({ kind, number }) => kind === 'street' || kind === 'lane' || (kind === 'quarter' && number !== ''),
  );
  const hasDistrict = parts.some(({ kind }) => kind === 'district');
  const sorted = [...parts].sort((a, b) => (places.get(a.kind) ?? 0) - (places.get(b.kind) ?? 0));
  const lines = sorted.map((part) => {
    const { kind, code, number, doubt } = part;
    const name = spelledLoosely.has(kind) ? foldSpelling(part.name) : part.name;
    // On a street, a house with `д.` and one without are the same; after a bare name the two may differ.
    if (kind === 'house') return `house|${code === 'd' && hasPlace ? '' : code.replace('bare', '')}|${doubt}|${number}`;
    // A district has no two towns of one name, so the kind of town does not matter.
    if (kind === 'city' && townCodes.has(code) && hasDistrict) return `city|g||${name}|${number}`.replace(/\|+$/, '');
    if (kind === 'rest' && name === '' && number === '') return `rest|${code}`;
    return [kind, code, doubt, name, number].join('|').replace(/\|+$/, '');
  });
  const sign = signOf(text);
  return lines.join(';') + sign;
}

/** The signs of coordinates, which belong to no part: without them two places would share a key. */
function signOf(text: string): string {
  // Among words a whole number with a hyphen may be a house (`Чиланзар -5`), and only a fraction is a coordinate.
  const numbers = /\p{L}/u.test(text) ? /(?:^|[\s,;:=/(])-?\d+\.\d/g : /(?:^|[\s,;/(])-?\d+/g;
  const signs = Array.from(text.matchAll(numbers), ([number]) => (number.includes('-') ? '-' : '+')).join('');
  return signs.includes('-') ? `;minus|${signs}` : '';
}

function textOf(
  address: string,
  { originOf }: FoldedText,
  tokens: readonly Token[],
  first: number,
  end: number,
): string {
  const from = originOf(tokens[first]?.start ?? 0);
  const last = tokens[end - 1];
  return last === undefined ? '' : address.slice(from, originOf(last.end)).trim();
}

/** The original text without the parts to leave out and without the commas around them. */
function cutOut(
  address: string,
  folded: FoldedText,
  tokens: readonly Token[],
  parts: readonly ResolvedPart[],
  asked: readonly ResolvedPart[],
): string {
  let text = '';
  let from = 0;
  for (const [at, part] of parts.entries()) {
    if (isJoinedToQuarter(part, parts[at - 1], tokens)) {
      // `Юнусабад 4-45-12` without its flat is `Юнусабад 4, 45`: `4-45` might be a quarter.
      text += `${address.slice(from, folded.originOf(tokens[part.first - 1]?.end ?? 0))}, `;
      from = folded.originOf(tokens[part.first]?.start ?? 0);
    }
    if (asked.includes(part)) continue;
    const previous = tokens[part.first - 1];
    const last = tokens[part.end - 1];
    if (last === undefined) continue;
    const to = previous === undefined ? 0 : folded.originOf(previous.end);
    if (to > from) text += address.slice(from, to);
    // The dot behind an abbreviation goes with it.
    const end = folded.originOf(last.end);
    from = address[end] === '.' ? end + 1 : end;
    if (part.kind === 'intercom') from += /^[#*]*/.exec(address.slice(from))?.[0].length ?? 0;
    // The bracket around it goes too.
    if (address.slice(to, folded.originOf(tokens[part.first]?.start ?? 0)).includes('(')) {
      from += /^[\s"»”]*\)/.exec(address.slice(from))?.[0].length ?? 0;
    }
  }
  text += address.slice(from);
  return tidy(text);
}

function isJoinedToQuarter(part: ResolvedPart, before: ResolvedPart | undefined, tokens: readonly Token[]): boolean {
  const isBehind = part.kind === 'house' && before?.kind === 'quarter' && before.code === 'est';
  const gap = tokens[part.first]?.gap;
  return isBehind && before.end === part.first && (gap === '-' || gap === '.');
}

function tidy(text: string): string {
  const balanced = /^[^()]*(?:\([^()]*\)[^()]*)*$/.test(text) ? text : text.replace(/[()]/g, ' ');
  return balanced
    .replace(/\(\s*\)/g, ' ')
    .replace(/[\s,;]*[,;][\s,;]*/g, ', ')
    .replace(/\s+/g, ' ')
    .replace(/^[\s,;]+|[\s,;]+$/g, '')
    .trim();
}

function composeUnit(
  address: string,
  folded: FoldedText,
  tokens: readonly Token[],
  parts: readonly ResolvedPart[],
): Unit | null {
  const said: { flat: string[]; entrance: string[]; floor: string[]; intercom: string[] } = {
    flat: [],
    entrance: [],
    floor: [],
    intercom: [],
  };
  for (const part of parts) {
    const text = textOf(address, folded, tokens, part.first, part.end);
    if (part.kind === 'room') said.flat.push(text);
    else if (part.kind === 'intercom')
      said.intercom.push(textOf(address, folded, tokens, part.end - part.words.length, part.end));
    else if (part.kind === 'flat' || part.kind === 'entrance' || part.kind === 'floor') {
      said[part.kind].push(numberIn(address, folded, tokens, part));
    }
  }
  const { flat, entrance, floor, intercom } = said;
  if (flat.length + entrance.length + floor.length + intercom.length === 0) return null;
  const joined = (texts: readonly string[]): string | null => (texts.length === 0 ? null : texts.join(', '));
  return {
    flat: joined(flat),
    entrance: joined(entrance),
    floor: joined(floor),
    ...(intercom.length === 0 ? {} : { intercom: intercom.join(' ') }),
  };
}

/** The number of a flat as the caller wrote it: `12А`, `7-11`. */
function numberIn(address: string, folded: FoldedText, tokens: readonly Token[], part: ResolvedPart): string {
  const isPartOf = (at: number): boolean => at >= part.first && at < part.end;
  const first = tokens.findIndex(({ kind }, at) => isPartOf(at) && kind === 'number');
  if (first < 0) return part.number.toUpperCase();
  const lettersOf = (text: string): number => text.replace(/[^\p{L}\p{N}]/gu, '').length;
  let end = first + 1;
  let length = lettersOf((tokens[first] as Token).text);
  while (isPartOf(end) && length < lettersOf(part.number)) {
    length += lettersOf((tokens[end] as Token).text);
    end += 1;
  }
  return textOf(address, folded, tokens, first, end);
}

/** Returns only the key. */
export function composeAddressKey(address: string): string {
  return readAnew(address).key;
}

/**
 * `readAddress` without the parts, memoised, because callers repeat addresses verbatim. Takes at most 24 MiB with
 * addresses of 500 characters.
 */
export const normalizeAddress = remembered(
  (address): AddressReading => {
    const { key, query, unit } = readAddress(address);
    return { key, query, unit };
  },
  { longest: 500 },
);
