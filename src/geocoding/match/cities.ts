/** Finds cities by all their names, for names that spelling rules alone do not connect: `Коканд` is `Qoʻqon`. */
import { spellingsOf } from '../../providers/offline_gazetteer/local-names.ts';
import { cityNames } from '../../providers/offline_gazetteer/uzbekistan.ts';
import { remembered } from '../../remembered.ts';
import { soundsOf } from './sound.ts';

/** Built on first use, to keep the start fast. */
let byName: ReadonlyMap<string, string> | null = null;

/** null for a city without further known names. */
export const cityOf = remembered((name): string | null => {
  byName ??= nameCities();
  return byName.get(soundsOf(name).join(' ')) ?? null;
});

function nameCities(): ReadonlyMap<string, string> {
  const named = Object.entries(cityNames).flatMap(([id, names]) =>
    spellingsOf(names).map((name) => [soundsOf(name).join(' '), id] as const),
  );
  return new Map(named);
}
