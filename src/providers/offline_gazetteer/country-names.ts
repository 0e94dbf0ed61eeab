/** Indexes one country's places by all their names, and finds such a name in an address. */
import { foldedWords } from './fold-name.ts';
import { spellingsOf } from './local-names.ts';
import { bareUzbekName, inCyrillic, russianExonyms } from './place-spelling.ts';
import { cityNames, type District, regionsByAdmin1, tashkentDistricts, tashkentGeonameId } from './uzbekistan.ts';
import type { GazetteerPlace } from './world-index.ts';

/** The kind of place found: a district is more exact than its city, a region less exact than any city. */
export type Match =
  | { readonly kind: 'district'; readonly district: District; readonly city: GazetteerPlace }
  | { readonly kind: 'city'; readonly city: GazetteerPlace }
  | { readonly kind: 'region'; readonly city: GazetteerPlace };

interface Candidate {
  readonly match: Match;
  readonly score: number;
  /** Number of words. */
  readonly length: number;
}

export interface CountryNames {
  /** The best match in an address, and whether the address names more than that (a street, a house). */
  find(address: string): { match: Match; saysMore: boolean } | null;
}

/**
 * Words for a street: a name next to them is not a city, though Navoiy, for example, is both. Russian ones stand before
 * the name (`улица Навои`), or after it if nothing follows; Uzbek and English ones stand after it.
 */
const streetWordsBefore = new Set(
  'ул улица пр просп проспект пер переулок бул бульвар проезд шоссе тупик метро metro'.split(' '),
);
const streetWordsAfter = new Set(
  (
    'кучаси кўчаси кўча куча тор шох шоҳ kochasi kocha koch tor shoh street st str avenue ave road ' +
    'prospekti prospekt prospect'
  ).split(' '),
);
/**
 * Words for a city. `ш` is шаҳар: a шоссе has an adjective as its name (`Ташкентское ш.`), never a city's bare name.
 */
const cityWords = new Set('г гор город ш шахар шахри шаҳар шаҳри sh shahar shahri city'.split(' '));
const regionWords = new Set('область обл вилояти вил viloyati viloyat vil region республика respublikasi'.split(' '));
const districtWords = new Set('район рн тумани туман tumani tuman district'.split(' '));
/** Not a word: the separator between parts of an address. */
const pause = '';
const longestNameWords = 4;
/** An address has at most 500 characters; a text with more words is not an address. */
const maxWords = 120;

/** `places`: all places of the country. For Uzbekistan, districts of Tashkent and regions are added. */
export function indexCountry(places: readonly GazetteerPlace[]): CountryNames {
  const cities = new Map<string, GazetteerPlace>();
  const districts = new Map<string, District>();
  const regionSeats = new Map<string, GazetteerPlace>();

  for (const place of [...places].sort((a, b) => b.population - a.population)) {
    for (const name of namesOf(place)) {
      // Places come by population, so the largest of those with one name stays.
      const key = foldedWords(name).join(' ');
      if (key.length >= 3 && !cities.has(key)) cities.set(key, place);
    }
  }
  const tashkent = places.find(({ geonameId }) => geonameId === tashkentGeonameId);
  if (tashkent !== undefined) {
    for (const district of tashkentDistricts) {
      for (const spelling of district.spellings) districts.set(foldedWords(spelling).join(' '), district);
    }
    for (const [code, names] of Object.entries(regionsByAdmin1)) {
      const seat = seatOf(places, code);
      if (seat !== undefined) addRegion(regionSeats, spellingsOf(names), seat);
    }
  }

  return {
    find(address) {
      const words = wordsWithPauses(address);
      let best: Candidate | null = null;
      let bestDistrict: Candidate | null = null;
      for (let at = 0; at < words.length; at += 1) {
        for (let length = 1; length <= longestNameWords && at + length <= words.length; length += 1) {
          const key = words.slice(at, at + length).join(' ');
          const match = matchKey(key);
          if (match === null) continue;
          const score = scoreOf(match, words, at, length);
          if (score <= 0) continue;
          const candidate: Candidate = { match, score, length };
          best = surer(best, candidate);
          if (match.kind === 'district') bestDistrict = surer(bestDistrict, candidate);
        }
      }
      if (best === null) return null;
      // A district is more specific than the city that contains it, however certain the city is.
      if (bestDistrict !== null && best.match.kind === 'city' && best.match.city === bestDistrict.match.city) {
        best = bestDistrict;
      }
      return { match: best.match, saysMore: saysMoreThan(best.match, words) };
    },
  };

  function matchKey(key: string): Match | null {
    const district = districts.get(key);
    if (district !== undefined && tashkent !== undefined) return { kind: 'district', district, city: tashkent };
    const seat = regionSeats.get(key);
    if (seat !== undefined) return { kind: 'region', city: seat };
    const city = cities.get(key);
    return city === undefined ? null : { kind: 'city', city };
  }
}

const countryWords = new Set('узбекистан ўзбекистон uzbekistan ozbekiston республики'.split(' '));

/**
 * Whether the address names more than the match: a street, a house, another town. `г. Ташкент, Узбекистан` does not.
 */
function saysMoreThan(match: Match, words: readonly string[]): boolean {
  const around = new Set<string>();
  const add = (names: readonly string[]): void => {
    for (const name of names) for (const word of foldedWords(name)) around.add(word);
  };
  add(namesOf(match.city));
  if (match.kind === 'district') add(match.district.spellings);
  const region = match.city.countryCode === 'UZ' ? regionsByAdmin1[match.city.admin1Code] : undefined;
  if (region !== undefined) add(spellingsOf(region));
  const isSaid = (word: string): boolean =>
    cityWords.has(word) ||
    regionWords.has(word) ||
    countryWords.has(word) ||
    around.has(word) ||
    (match.kind === 'district' && districtWords.has(word));
  return words.some((word) => word !== pause && !isSaid(word));
}

/** The more certain match; of two equal ones, the first. */
function surer(known: Candidate | null, other: Candidate): Candidate {
  return known !== null && known.score >= other.score ? known : other;
}

/**
 * Higher is more certain; 0 or less is no match. A name beside a street word, or before a house number, is probably a
 * street (`ул. Навои`, `Самаркандская 5`); beside a city word it is the city. A longer name beats a shorter one inside
 * it.
 */
function scoreOf(match: Match, words: readonly string[], at: number, length: number): number {
  const before = words[at - 1] ?? pause;
  const after = words[at + length] ?? pause;
  const isCity = cityWords.has(before) || cityWords.has(after);
  if (!isCity && isStreetName(words, at, length)) return 0;
  if (match.kind !== 'region' && regionWords.has(after)) return 0;
  let score = 10 + length * 2;
  if (match.kind === 'district') score += districtWords.has(after) ? 12 : 4;
  else if (districtWords.has(after)) return 0;
  if (match.kind === 'region') return score - 8;
  score += Math.log10(1 + match.city.population);
  if (isCity) score += 8;
  if (/^\d/.test(after) && at > 0) score -= 6;
  return score;
}

function isStreetName(words: readonly string[], at: number, length: number): boolean {
  const before = words[at - 1] ?? pause;
  const after = words[at + length] ?? pause;
  if (streetWordsBefore.has(before) || streetWordsAfter.has(after)) return true;
  const next = words[at + length + 1] ?? pause;
  return streetWordsBefore.has(after) && (next === pause || /^\d/.test(next));
}

/** The words of an address, with a separator for each comma and line end. */
function wordsWithPauses(address: string): string[] {
  const words = address.split(/[,;\n]/).flatMap((part) => [...foldedWords(part), pause]);
  return words.slice(0, Math.min(words.length - 1, maxWords));
}

function namesOf(place: GazetteerPlace): readonly string[] {
  const usual = cityNames[place.geonameId];
  return [
    place.name,
    place.asciiName,
    ...place.alternateNames,
    ...(usual === undefined ? [] : spellingsOf(usual)),
    ...(place.countryCode === 'UZ'
      ? [bareUzbekName(place.name), inCyrillic(place.name, 'uzbek'), inCyrillic(place.name, 'russian')]
      : [russianExonyms[`${place.countryCode} ${place.name}`] ?? place.name]),
  ];
}

function addRegion(seats: Map<string, GazetteerPlace>, names: readonly string[], seat: GazetteerPlace): void {
  for (const name of names) {
    const words = foldedWords(name);
    // "Ташкент" alone is the city; a region's name needs its designator.
    if (words.length < 2) continue;
    seats.set(words.join(' '), seat);
    seats.set(
      words
        .join(' ')
        .replace(/ область$/, ' обл')
        .replace(/ viloyati$/, ' vil')
        .replace(/ вилояти$/, ' вил'),
      seat,
    );
  }
}

function seatOf(places: readonly GazetteerPlace[], admin1Code: string): GazetteerPlace | undefined {
  const inRegion = places.filter((place) => place.admin1Code === admin1Code);
  const seat = inRegion.find(({ featureCode }) => featureCode === 'PPLA' || featureCode === 'PPLC');
  return seat ?? inRegion.sort((a, b) => b.population - a.population)[0];
}
