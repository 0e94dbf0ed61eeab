/** Parses a tenant's geocoding settings from a validated body. */
import { boxOf, canonicalLanguage } from './parse-request.ts';
import { anyCountry, type SettingsBody } from './request-schemas.ts';
import type { GeocodingSettings } from './settings.ts';

export function readSettings({ city, country, bounds, language, street_aliases }: SettingsBody): GeocodingSettings {
  const isAny = country?.toLowerCase() === anyCountry;
  return {
    ...(city !== undefined && { city: city.trim() }),
    ...(country !== undefined && { country: isAny ? anyCountry : country.toUpperCase() }),
    ...(bounds !== undefined && { bounds: boxOf(bounds) }),
    ...(language !== undefined && { language: canonicalLanguage(language) }),
    street_aliases: (street_aliases ?? []).map(({ from, to }) => ({ from: from.trim(), to: to.trim() })),
  };
}
