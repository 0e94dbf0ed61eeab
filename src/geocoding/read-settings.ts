/** The settings of a tenant's questions, checked as the questions themselves are. Throws `INVALID_REQUEST` naming every fault. */

import type { StreetAlias } from '../providers/geocoding.ts';
import {
  addressFault,
  anyCountry,
  createInputReader,
  isGiven,
  maxPartLength,
  parseMembers,
  readBounds,
  readCountry,
  readLanguage,
} from './input-reader.ts';
import { soundsOf } from './match/sound.ts';
import type { GeocodingSettings } from './settings.ts';

export function readSettings(body: unknown): GeocodingSettings {
  const members = parseMembers(body);
  const reader = createInputReader();
  const readName = (path: string, value: unknown): string => {
    const fault = addressFault(value, maxPartLength);
    if (fault !== null) reader.fault(path, fault);
    return fault === null ? (value as string).trim() : '';
  };
  const country = readCountry(reader, members);
  const bounds = readBounds(reader, members);
  const settings: GeocodingSettings = {
    ...(isGiven(members.city) && { city: readName('city', members.city) }),
    ...(isGiven(members.country) && { country: country ?? anyCountry }),
    ...(bounds !== null && { bounds }),
    ...(isGiven(members.language) && { language: readLanguage(reader, members) }),
    street_aliases: ((members.street_aliases ?? []) as readonly StreetAlias[]).map(({ from, to }, index) => {
      const path = `street_aliases[${index}]`;
      const alias = { from: readName(`${path}.from`, from), to: readName(`${path}.to`, to) };
      if (soundsOf(alias.from).length === 0) reader.fault(`${path}.from`, 'must hold a name, not only a designator');
      return alias;
    }),
  };
  reader.refuseFaults();
  return settings;
}
