/** Every adapter there is, by the name that `config.adapter` gives: adding a vendor is a folder and a line here. */
import { googleMaps } from './google_maps/adapter.ts';
import { googleSheets } from './google_sheets/adapter.ts';
import { httpAdapter } from './http/adapter.ts';
import { createOfflineGazetteer } from './offline_gazetteer/adapter.ts';
import type { Adapter } from './provider.ts';
import { yandexMaps } from './yandex_maps/adapter.ts';

const adapters: readonly Adapter[] = [googleMaps, yandexMaps, googleSheets, createOfflineGazetteer(), httpAdapter];

const adaptersByName: ReadonlyMap<string, Adapter> = new Map(adapters.map((adapter) => [adapter.name, adapter]));

/** null where no adapter has this name. */
export function findAdapter(name: string): Adapter | null {
  return adaptersByName.get(name) ?? null;
}

export const adapterNames: readonly string[] = [...adaptersByName.keys()];
