/** Finds cities by all their names, for names that spelling rules alone do not connect: `Коканд` is `Qoʻqon`. */

import { remembered } from '../../bounded-map.ts';
import { spellingsOf } from '../../providers/offline_gazetteer/local-names.ts';
import { cityNames, tashkentDistricts, tashkentGeonameId } from '../../providers/offline_gazetteer/uzbekistan.ts';
import { soundsAlike, soundsOf } from './sound.ts';

/** Built on first use, to keep the start fast. */
let byName: ReadonlyMap<string, string> | null = null;

/** null for a city without further known names. */
export const cityOf = remembered((name): string | null => {
  byName ??= nameCities();
  return byName.get(soundsOf(name).join(' ')) ?? null;
});

/** Whether a district may be the city's: only Tashkent has districts that are known by name. */
export function mayHoldDistrict(city: string, district: string): boolean {
  const heard = soundsOf(district);
  const isOfTashkent = tashkentDistricts.some(({ spellings }) =>
    spellings.some((spelling) => {
      const sounds = soundsOf(spelling);
      return sounds.length === heard.length && sounds.every((sound, at) => soundsAlike(sound, heard[at] ?? ''));
    }),
  );
  return isOfTashkent === (cityOf(city) === String(tashkentGeonameId));
}

function nameCities(): ReadonlyMap<string, string> {
  const named = Object.entries(cityNames).flatMap(([id, names]) =>
    spellingsOf(names).map((name) => [soundsOf(name).join(' '), id] as const),
  );
  return new Map(named);
}
