/** Finds the places that an address may mean, best first. */

import type { Match } from '../../src/providers/offline_gazetteer/country-names.ts';
import { foldedWords, foldName } from '../../src/providers/offline_gazetteer/fold-name.ts';
import { bundledGazetteer } from '../../src/providers/offline_gazetteer/gazetteer.ts';
import { tashkentDistricts, tashkentGeonameId } from '../../src/providers/offline_gazetteer/uzbekistan.ts';
import type { GazetteerPlace } from '../../src/providers/offline_gazetteer/world-index.ts';
import { type Landmark, landmarks } from './landmarks.ts';
import { type Located, lastHouse, moveBy, placeHouse, stableFraction, surroundings } from './located.ts';
import { type Street, streets } from './streets.ts';

/** `country`: ISO 3166-1 alpha-2. Empty if nothing in it matches. */
export async function findPlaces(address: string, country: string): Promise<readonly Located[]> {
  const names = await bundledGazetteer.namesOf(country);
  const town = names.find(address);
  if (country !== 'UZ') return town === null ? [] : [locateMatch(town.match, town.saysMore)];

  const landmark = findByWords(landmarks, address);
  if (landmark !== null) return [await locateLandmark(landmark)];

  const matchedCity = town?.match.kind === 'region' ? null : (town?.match.city ?? null);
  const street = findByWords(
    streets.filter(({ cityId }) => matchedCity === null || cityId === matchedCity.geonameId),
    address,
  );
  // "Навои" alone is the city; with a street's designator, a number, or another city beside it, it is the street.
  if (
    street !== null &&
    (town !== null || saysStreet(address) || /\d/.test(address)) &&
    !isTownItself(street, town?.match ?? null, address)
  ) {
    const city = await findTown(street.cityId);
    if (city !== null) return [locateOnStreet(street, city, address)];
  }
  if (town === null) return [];
  const quarter = town.match.kind === 'district' ? locateInQuarter(town.match, address) : null;
  return [quarter ?? locateMatch(town.match, town.saysMore)];
}

function saysStreet(address: string): boolean {
  return /(^|[^\p{L}])(ул|улица|просп|проспект|пр|пер|переулок|кўча|кўчаси|кучаси|kocha|kochasi|street|avenue|lane)([^\p{L}]|$)/u.test(
    foldName(address),
  );
}

/** The only match is one name, and that is the town's own. */
function isTownItself(street: Street, match: Match | null, address: string): boolean {
  if (match === null || saysStreet(address)) return false;
  const cityWords = new Set([match.city.name, match.city.asciiName].map((name) => foldedWords(name).join(' ')));
  return street.spellings.some((spelling) => cityWords.has(foldedWords(spelling).join(' ')));
}

/** The item with the longest spelling found in the address, word for word. */
function findByWords<Thing extends { readonly spellings: readonly string[] }>(
  things: readonly Thing[],
  address: string,
): Thing | null {
  const text = ` ${foldedWords(address).join(' ')} `;
  let best: { thing: Thing; length: number } | null = null;
  for (const thing of things) {
    for (const spelling of thing.spellings) {
      const words = foldedWords(spelling).join(' ');
      if (words.length > (best?.length ?? 0) && text.includes(` ${words} `)) best = { thing, length: words.length };
    }
  }
  return best?.thing ?? null;
}

let uzbekTowns: Promise<ReadonlyMap<number, GazetteerPlace>> | null = null;

/** A town by its GeoNames id, among those with streets or landmarks in the emulator. */
export async function findTown(geonameId: number): Promise<GazetteerPlace | null> {
  uzbekTowns ??= readTowns();
  return (await uzbekTowns).get(geonameId) ?? null;
}

async function readTowns(): Promise<ReadonlyMap<number, GazetteerPlace>> {
  const names = await bundledGazetteer.namesOf('UZ');
  const towns = new Map<number, GazetteerPlace>();
  for (const name of ['Ташкент', 'Самарканд', 'Бухара', 'Наманган', 'Паркент']) {
    const city = names.find(name)?.match.city;
    if (city !== undefined) towns.set(city.geonameId, city);
  }
  return towns;
}

function locateOnStreet(street: Street, city: GazetteerPlace, address: string): Located {
  const house = houseIn(address, street.spellings);
  const base = {
    ...surroundings(city),
    district: street.district === null ? null : (tashkentDistricts[street.district]?.names ?? null),
    street: street.names,
    feature: null,
  };
  if (house === null || Number.parseInt(house, 10) > lastHouse) {
    return {
      ...base,
      kind: 'street',
      latitude: street.latitude,
      longitude: street.longitude,
      radiusMeters: street.lengthMeters / 2,
      house: null,
      postalCode: null,
      partial: house !== null,
    };
  }
  const at = placeHouse(street, house);
  return { ...base, ...at, kind: 'house', radiusMeters: 15, house, postalCode: street.postalCode, partial: false };
}

/** The house of a street, for `nearPlaces`. */
export function locateHouse(street: Street, city: GazetteerPlace, house: string): Located {
  return locateOnStreet(street, city, `${street.spellings[0]} ${house}`);
}

const flat = /(^|[^\p{L}])(кв|квартира|хонадон|xonadon|apt|flat|подъезд|этаж)[^\p{L}].*$/u;
const houseNumber =
  /(?<![\p{L}\p{N}])(\d{1,5})\s?([а-яa-z](?![\p{L}\p{N}]))?(?:\s?(\/|-|к|корп|корпус)\.?\s?(\d{1,3}[а-яa-z]?))?/u;

/** The house number in an address, in one spelling (`12а`, `12/4`); null if there is none. */
function houseIn(address: string, ownWords: readonly string[]): string | null {
  let text = ` ${foldName(address)} `;
  for (const spelling of [...ownWords].sort((a, b) => b.length - a.length)) {
    text = text.replaceAll(foldName(spelling), ' ');
  }
  text = text.replace(/\d{6}/g, ' ').replace(flat, ' ');
  const match = houseNumber.exec(text);
  if (match === null || Number(match[1]) === 0) return null;
  const [, number, letter = '', separator, block] = match;
  if (block === undefined) return `${Number(number)}${letter}`;
  return `${Number(number)}${letter}${separator === '-' || separator === '/' ? separator : 'к'}${block}`;
}

const quarterPattern =
  /(\d{1,2})\s*-?\s*(?:й|чи|mavze)?\s*(квартал|кв-л|мавзе|даха|даҳа|mavze|daha|kvartal|quarter|block)/u;

/** Large parts of Tashkent are numbered quarters of a district: `Чиланзар, 5-й квартал, дом 12`. */
function locateInQuarter(match: Extract<Match, { kind: 'district' }>, address: string): Located | null {
  const folded = foldName(address);
  const quarter = quarterPattern.exec(folded);
  if (quarter === null) return null;
  const number = Number(quarter[1]);
  const { district, city } = match;
  const name = `${district.names.ru} ${number}`;
  const centre = moveBy(
    district.latitude,
    district.longitude,
    (stableFraction(`${name} север`) - 0.5) * 2_500,
    (stableFraction(`${name} восток`) - 0.5) * 2_500,
  );
  const house = houseIn(folded.replace(quarter[0], ' '), []);
  const at =
    house === null
      ? centre
      : moveBy(
          centre.latitude,
          centre.longitude,
          (stableFraction(`${name} ${house} север`) - 0.5) * 400,
          (stableFraction(`${name} ${house} восток`) - 0.5) * 400,
        );
  return {
    ...surroundings(city),
    ...at,
    kind: house === null ? 'street' : 'house',
    radiusMeters: house === null ? 250 : 15,
    district: district.names,
    street: { ru: `${number}-й квартал`, uz: `${number}-mavze`, en: `Block ${number}` },
    house,
    feature: null,
    postalCode: null,
    partial: false,
  };
}

export async function locateLandmark(landmark: Landmark): Promise<Located> {
  const city = await findTown(landmark.cityId ?? tashkentGeonameId);
  if (city === null) throw new Error('the gazetteer does not know Tashkent');
  const around = surroundings(city);
  const outside = landmark.cityId === null;
  return {
    ...around,
    kind: landmark.kind,
    latitude: landmark.latitude,
    longitude: landmark.longitude,
    radiusMeters: landmark.kind === 'metro' ? 150 : 5_000,
    region: landmark.kind === 'hydro' ? null : outside ? tashkentRegion : around.region,
    area: landmark.kind === 'area' ? landmark.names : null,
    city: outside ? null : around.city,
    district: null,
    street: landmark.line ?? null,
    house: null,
    feature: landmark.kind === 'area' ? null : landmark.names,
    postalCode: null,
    partial: false,
  };
}

const tashkentRegion = { ru: 'Ташкентская область', uz: 'Toshkent viloyati', en: 'Tashkent Region' };

export function locateMatch(match: Match, partial: boolean): Located {
  const { city } = match;
  const around = surroundings(city);
  const nothing = { district: null, street: null, house: null, feature: null, postalCode: null, partial };
  if (match.kind === 'district') {
    const { latitude, longitude, names } = match.district;
    return { ...around, ...nothing, kind: 'district', latitude, longitude, radiusMeters: 4_000, district: names };
  }
  const at = { latitude: city.latitude, longitude: city.longitude };
  if (match.kind === 'region')
    return { ...around, ...nothing, ...at, kind: 'region', radiusMeters: 60_000, city: null };
  // A city's radius grows with its population: 1 km for a village, about 12 km for Tashkent.
  const radiusMeters = 1_000 + Math.sqrt(city.population) * 8;
  return { ...around, ...nothing, ...at, kind: 'city', radiusMeters };
}

/** The larger places around one, from the nearest to the country: reverse geocoding returns all of them. */
export function enclosing(place: Located): readonly Located[] {
  const bare = { ...place, house: null, feature: null, postalCode: null, partial: false };
  const levels: Located[] = [];
  if (place.house !== null && place.street !== null) levels.push({ ...bare, kind: 'street', radiusMeters: 1_000 });
  const noStreet = { ...bare, street: null };
  if (place.district !== null && place.kind !== 'district')
    levels.push({ ...noStreet, kind: 'district', radiusMeters: 4_000 });
  const noDistrict = { ...noStreet, district: null };
  if (place.city !== null && place.kind !== 'city') levels.push({ ...noDistrict, kind: 'city', radiusMeters: 10_000 });
  if (place.region !== null)
    levels.push({ ...noDistrict, city: null, area: null, kind: 'region', radiusMeters: 60_000 });
  levels.push({ ...noDistrict, city: null, area: null, region: null, kind: 'country', radiusMeters: 600_000 });
  return levels;
}
