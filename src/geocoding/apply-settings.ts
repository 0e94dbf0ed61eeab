/** A question as its tenant's settings complete it: the city where none is named, and renamed streets by their new names. */
import type { QuestionParts, StreetAlias } from '../providers/geocoding.ts';
import { askedPartsOf } from './match/asked-parts.ts';
import { soundsAlike, soundsOf } from './match/sound.ts';
import type { GeocodingSettings } from './settings.ts';

/** `country`: of the question; the city is in the country that is set, and completes no question about another. */
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

/** The aliases whose street an address names by its new name: its answers may name it by either. */
export function streetAliasesIn(
  address: string,
  { street_aliases }: GeocodingSettings,
): { readonly streetAliases?: readonly StreetAlias[] } {
  const streetAliases = street_aliases.filter(({ from, to }) => renameStreet(address, to, from) !== address);
  return streetAliases.length === 0 ? {} : { streetAliases };
}

const words = /[\p{L}\p{M}\d'`ʻʼ‘’]+/gu;

/** In whatever script and case the old name is written. The words that say what it is (`улица`) stay. */
function renameStreets(address: string, aliases: readonly StreetAlias[]): string {
  return aliases.reduce((text, { from, to }) => renameStreet(text, from, to), address);
}

/** `oldName` in whatever script and case it is written; the text as it is where it does not name it. */
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
