/** All adapters, by the name in `config.adapter`. To add a vendor, add its folder, and its import and name here. */
import { googleMaps } from './google_maps/adapter.ts';
import { googleSheets } from './google_sheets/adapter.ts';
import { httpAdapter } from './http/adapter.ts';
import { nominatim } from './nominatim/adapter.ts';
import { createOfflineGazetteer } from './offline_gazetteer/adapter.ts';
import type { Adapter } from './provider.ts';
import { twoGis } from './two_gis/adapter.ts';
import { yandexMaps } from './yandex_maps/adapter.ts';

const adapters: readonly Adapter[] = [
  googleMaps,
  yandexMaps,
  twoGis,
  nominatim,
  googleSheets,
  createOfflineGazetteer(),
  httpAdapter,
];

const adaptersByName: ReadonlyMap<string, Adapter> = new Map(adapters.map((adapter) => [adapter.name, adapter]));

/** null if no adapter has this name. */
export function findAdapter(name: string): Adapter | null {
  return adaptersByName.get(name) ?? null;
}

export const adapterNames: readonly string[] = [...adaptersByName.keys()];

/** In the order in which the environment registers them: a fallback before the service that names it. */
export const environmentAdapters: readonly Adapter[] = adapters
  .filter(({ facts }) => facts.environment !== null)
  .sort(
    (one, other) =>
      Number(other.facts.environment?.fallback === null) - Number(one.facts.environment?.fallback === null),
  );

const adaptersByAlias: ReadonlyMap<string, string> = new Map(
  adapters.flatMap(({ name, facts }) => facts.aliases.map((alias) => [alias, name] as const)),
);

/** Resolves a short name: `google` is `google_maps`. Other names stay as they are. */
export function resolveAlias(name: string): string {
  return adaptersByAlias.get(name) ?? name;
}

/** What callers may write as `provider`, in addition to names of services: each geocoder's name and short names. */
export const geocoderNames: readonly string[] = adapters
  .filter(({ serviceType }) => serviceType === 'geocoding')
  .flatMap(({ name, facts }) => [name, ...facts.aliases]);
