/** The name of a place, its region and its country in the language that was asked for. */
import { cityNames, type LocalNames, regionsByAdmin1 } from './uzbekistan.ts';
import type { GazetteerPlace } from './world-index.ts';

const cyrillic = /^[\p{Script=Cyrillic}\s-]+$/u;
/** Letters of other Cyrillic alphabets: a name with them is not the Russian one. */
const notRussian = /[ўқғҳіїєґәңөүұһјљњћђџѓќӣӯҷ]/iu;

/** `language`: ISO 639-1. Without a name in it, the name in Latin letters that GeoNames leads with. */
export function cityName(place: GazetteerPlace, language: string): string {
  const usual = cityNames[place.geonameId];
  if (usual !== undefined) return inLanguage(usual, language);
  if (language === 'ru') {
    const russian = place.alternateNames.find((name) => cyrillic.test(name) && !notRussian.test(name));
    if (russian !== undefined) return russian;
  }
  return place.name;
}

/** null where the region is not known by name (only Uzbekistan's are). */
export function regionName(place: GazetteerPlace, language: string): string | null {
  const names = place.countryCode === 'UZ' ? regionsByAdmin1[place.admin1Code] : undefined;
  return names === undefined ? null : inLanguage(names, language);
}

export function countryName(countryCode: string, language: string): string {
  try {
    return new Intl.DisplayNames([language, 'en'], { type: 'region' }).of(countryCode) ?? countryCode;
  } catch {
    return countryCode; // No language tag, or no country code.
  }
}

export function inLanguage(names: LocalNames, language: string): string {
  if (language === 'ru') return names.ru;
  return language === 'uz' ? names.uz : names.en;
}
