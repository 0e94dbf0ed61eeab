/** Applies a tenant's settings to a question: adds the default city, and replaces old street names by new ones. */
import type { QuestionParts, StreetAlias } from '../providers/geocoding.ts';
import { askedPartsOf } from './match/asked-parts.ts';
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
  return city === null && (street !== null || house !== null) ? `${settings.city}, ${renamed}` : renamed;
}

export function completeParts(
  parts: QuestionParts,
  country: string | null,
  settings: GeocodingSettings,
): QuestionParts {
  const { street } = parts;
  const renamed = street === undefined ? parts : { ...parts, street: renameStreets(street, settings.street_aliases) };
  const isOurs = settings.city !== undefined && country === countryOf(settings);
  return isOurs && parts.city === undefined && parts.region === undefined
    ? { city: settings.city, ...renamed }
    : renamed;
}

function countryOf({ country = 'UZ' }: GeocodingSettings): string | null {
  return country === 'any' ? null : country;
}

/** The aliases whose new street name an address contains; providers may answer with either name. */
export function streetAliasesIn(
  address: string,
  { street_aliases }: GeocodingSettings,
): { readonly streetAliases?: readonly StreetAlias[] } {
  const streetAliases = street_aliases.filter(({ from, to }) => renameStreet(address, to, from) !== address);
  return streetAliases.length === 0 ? {} : { streetAliases };
}

const words = /[\p{L}\p{M}\d'`ʻʼ‘’]+/gu;

/** Matches the old name in any script and case. The designator (`улица`) stays. */
function renameStreets(address: string, aliases: readonly StreetAlias[]): string {
  return aliases.reduce((text, { from, to }) => renameStreet(text, from, to), address);
}

/** Replaces `oldName`, in any script and case; returns the text unchanged if it does not contain the name. */
export function renameStreet(text: string, oldName: string, newName: string): string {
  const from = soundsOf(oldName);
  if (from.length === 0) return text;
  const heard = [...text.matchAll(words)].map((match) => ({
    sounds: soundsOf(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }));
  for (let at = 0; at + from.length <= heard.length; at += 1) {
    const run = heard.slice(at, at + from.length);
    const isName = run.every(
      ({ sounds: [sound] }, index) => sound !== undefined && soundsAlike(sound, from[index] ?? ''),
    );
    if (isName) return text.slice(0, run[0]?.start) + newName + text.slice(run.at(-1)?.end);
  }
  return text;
}
