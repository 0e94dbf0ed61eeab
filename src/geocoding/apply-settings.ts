/** Applies a tenant's settings to a question: adds the default city, and replaces old street names by new ones. */
import type { QuestionParts, StreetAlias } from '../providers/geocoding.ts';
import { areasIn, askedPartsOf } from './match/asked-parts.ts';
import { mayHoldDistrict } from './match/cities.ts';
import { soundsAlike, soundsOf } from './match/sound.ts';
import type { GeocodingSettings } from './settings.ts';

/**
 * `country`: the question's country. The default city lies in the tenant's default country, so it is not added to
 * questions about another country.
 */
export function completeAddress(address: string, country: string | null, settings: GeocodingSettings): string {
  const renamed = renameStreets(address, settings.street_aliases);
  if (settings.city === undefined || country !== countryOf(settings)) return renamed;
  const { city, street, house } = askedPartsOf(renamed, null);
  // A bare name may be a town of its own.
  const lacksCity = city === null && (street !== null || house !== null);
  return lacksCity && mayLieIn(settings.city, districtIn(renamed)) ? `${settings.city}, ${renamed}` : renamed;
}

export function completeParts(
  parts: QuestionParts,
  country: string | null,
  settings: GeocodingSettings,
): QuestionParts {
  const { street } = parts;
  const renamed =
    street === undefined ? parts : { ...parts, street: renameStreets(street, settings.street_aliases, renameStreet) };
  const { city } = settings;
  const lacksCity = parts.city === undefined && country === countryOf(settings);
  return city !== undefined && lacksCity && mayLieIn(city, parts) ? { city, ...renamed } : renamed;
}

/** Not in another region or another city's district: `Кибрайский район, ул. Навои` is not in Tashkent. */
function mayLieIn(city: string, { region, district }: Pick<QuestionParts, 'region' | 'district'>): boolean {
  return region === undefined && (district === undefined || mayHoldDistrict(city, district));
}

function districtIn(address: string): Pick<QuestionParts, 'region' | 'district'> {
  const areas = areasIn(address).filter(({ words }) => words.length > 0);
  const [region, district] = ['region', 'district'].map((wanted) =>
    areas.find(({ kind }) => kind === wanted)?.words.join(' '),
  );
  return { ...(region !== undefined && { region }), ...(district !== undefined && { district }) };
}

function countryOf({ country = 'UZ' }: GeocodingSettings): string | null {
  return country === 'any' ? null : country;
}

/** The aliases whose new street name an address contains; providers may answer with either name. */
export function streetAliasesIn(
  address: string,
  { street_aliases }: GeocodingSettings,
): { readonly streetAliases?: readonly StreetAlias[] } {
  const streetAliases = street_aliases.filter(({ from, to }) => renameStreetIn(address, to, from) !== address);
  return streetAliases.length === 0 ? {} : { streetAliases };
}

const words = /[\p{L}\p{M}\d'`ʻʼ‘’]+/gu;

/** Matches the old name in any script and case. The designator (`улица`) stays. */
function renameStreets(
  address: string,
  aliases: readonly StreetAlias[],
  rename: typeof renameStreetIn = renameStreetIn,
): string {
  return aliases.reduce((text, { from, to }) => rename(text, from, to), address);
}

/** Of an address: `Мирабадская` is a street, and the district of that name stays. */
function renameStreetIn(address: string, oldName: string, newName: string): string {
  return renameStreet(address, oldName, newName, areasIn(address));
}

/**
 * Replaces `oldName`, in any script and case, outside the `areas`; returns the text unchanged if it does not contain the
 * name.
 */
export function renameStreet(
  text: string,
  oldName: string,
  newName: string,
  areas: readonly { readonly from: number; readonly to: number }[] = [],
): string {
  const from = soundsOf(oldName);
  if (from.length === 0) return text;
  const heard = [...text.matchAll(words)].map(({ 0: word, index: start }) => {
    const end = start + word.length;
    const isOfArea = areas.some((area) => start < area.to && end > area.from);
    return { sounds: isOfArea ? [] : soundsOf(word), start, end };
  });
  for (let at = 0; at + from.length <= heard.length; at += 1) {
    const run = heard.slice(at, at + from.length);
    const isName = run.every(
      ({ sounds: [sound] }, index) => sound !== undefined && soundsAlike(sound, from[index] ?? ''),
    );
    if (isName) return text.slice(0, run[0]?.start) + newName + text.slice(run.at(-1)?.end);
  }
  return text;
}
