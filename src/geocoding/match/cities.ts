/** Cities by every name they bear, where spelling alone does not show that it is one: `Коканд` is `Qoʻqon`. */
import { cityNames, cyrillicCities } from '../../providers/offline_gazetteer/uzbekistan.ts';
import { remembered } from '../../remembered.ts';
import { soundsOf } from './sound.ts';

const byName: ReadonlyMap<string, string> = new Map(
  Object.entries(cityNames).flatMap(([id, { ru, uz, en }]) =>
    [ru, uz, en, cyrillicCities[Number(id)] ?? uz].map((name) => [soundsOf(name).join(' '), id] as const),
  ),
);

/** null for a city of which no further names are known. */
export const cityOf = remembered((name): string | null => byName.get(soundsOf(name).join(' ')) ?? null);
