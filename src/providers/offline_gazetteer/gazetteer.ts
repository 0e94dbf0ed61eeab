/** The gazetteer, opened at its first use and shared from then on. */
import { type CountryNames, indexCountry } from './country-names.ts';
import { bundledGazetteerPath, type GazetteerPlace, openWorldIndex, type WorldIndex } from './world-index.ts';

export interface Gazetteer {
  /** `country`: ISO 3166-1 alpha-2, upper case. */
  namesOf(country: string): Promise<CountryNames>;
  nearest(latitude: number, longitude: number): Promise<{ place: GazetteerPlace; distanceMeters: number }>;
}

/** Countries whose names are held; the one used longest ago makes room. A large one has about 10 MB. */
const maxCountries = 4;

/** Reads nothing yet. A reading that fails is tried again at the next use. */
export function createGazetteer(path: () => string = bundledGazetteerPath): Gazetteer {
  let opening: Promise<WorldIndex> | null = null;
  const countries = new Map<string, Promise<CountryNames>>();

  function world(): Promise<WorldIndex> {
    opening ??= openWorldIndex(path()).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  return {
    namesOf(country) {
      const held = countries.get(country);
      if (held !== undefined) {
        countries.delete(country);
        countries.set(country, held);
        return held;
      }
      const [oldest] = countries.keys();
      if (countries.size >= maxCountries && oldest !== undefined) countries.delete(oldest);
      const read = world()
        .then((index) => index.placesOf(country))
        .then(indexCountry);
      countries.set(country, read);
      read.catch(() => countries.delete(country));
      return read;
    },

    async nearest(latitude, longitude) {
      return (await world()).nearest(latitude, longitude);
    },
  };
}

/** One for the process: the adapter and the emulator look things up in the same places. */
export const bundledGazetteer: Gazetteer = createGazetteer();
