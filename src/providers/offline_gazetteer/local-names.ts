/** Names a place, its region and its country in the requested language. */
import { bareUzbekName, inCyrillic, russianAmong, russianExonyms } from './place-spelling.ts';
import { cityNames, type LocalNames, regionsByAdmin1 } from './uzbekistan.ts';
import type { GazetteerPlace } from './world-index.ts';

/** `language`: ISO 639-1. Without a name in that language: GeoNames' main name, in Latin letters. */
export function cityName(place: GazetteerPlace, language: string): string {
  const usual = cityNames[place.geonameId];
  if (usual !== undefined) return inLanguage(usual, language);
  if (language === 'ru') {
    const exonym = russianExonyms[`${place.countryCode} ${place.name}`];
    const russian = exonym ?? russianAmong(place.alternateNames, bareUzbekName(place.asciiName));
    if (russian !== null) return russian;
    if (place.countryCode === 'UZ') return inCyrillic(place.name, 'russian');
  }
  return place.countryCode === 'UZ' ? bareUzbekName(place.name).replaceAll("'", 'ʻ') : place.name;
}

/** null for a region without a known name (only those of Uzbekistan have one). */
export function regionName(place: GazetteerPlace, language: string): string | null {
  const names = place.countryCode === 'UZ' ? regionsByAdmin1[place.admin1Code] : undefined;
  return names === undefined ? null : inLanguage(names, language);
}

export function countryName(countryCode: string, language: string): string {
  try {
    return new Intl.DisplayNames([language, 'en'], { type: 'region' }).of(countryCode) ?? countryCode;
  } catch {
    return countryCode; // An invalid language tag or country code.
  }
}

export function inLanguage(names: LocalNames, language: string): string {
  if (language === 'ru') return names.ru;
  return language === 'uz' ? names.uz : names.en;
}

/** All that people write for it: GeoNames has no Uzbek Cyrillic, or another (`Тошканд` for Tashkent). */
export function spellingsOf({ ru, uz, en }: LocalNames): readonly string[] {
  return [ru, uz, en, inCyrillic(uz, 'uzbek')];
}
