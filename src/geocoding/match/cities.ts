/** Cities by every name they bear, where spelling alone does not show that it is one: `Коканд` is `Qoʻqon`. */
import { cityNames, cyrillicCities } from '../../providers/offline_gazetteer/uzbekistan.ts';
import { remembered } from '../../remembered.ts';
import { soundsOf } from './sound.ts';

/** Made when it is first needed: a start would wait for it. */
let byName: ReadonlyMap<string, string> | null = null;

/** null for a city of which no further names are known. */
export const cityOf = remembered((name): string | null => {
  byName ??= nameCities();
  return byName.get(soundsOf(name).join(' ')) ?? null;
});

function nameCities(): ReadonlyMap<string, string> {
  const named = Object.entries(cityNames).flatMap(([id, { ru, uz, en }]) =>
    [ru, uz, en, cyrillicCities[Number(id)] ?? uz].map((name) => [soundsOf(name).join(' '), id] as const),
  );
  return new Map(named);
}
