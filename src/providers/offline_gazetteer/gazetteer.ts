/** Opens the gazetteer at its first use and shares it from then on. */
import { getOrCreateBounded } from '../../bounded-map.ts';
import { metersBetween } from '../../distance.ts';
import { type CountryNames, indexCountry } from './country-names.ts';
import { type District, tashkentDistricts, tashkentGeonameId, townsBeyondGeonames } from './uzbekistan.ts';
import { bundledGazetteerPath, type GazetteerPlace, openWorldIndex, type WorldIndex } from './world-index.ts';

export interface Nearest {
  readonly place: GazetteerPlace;
  readonly distanceMeters: number;
  /** The district of Tashkent that contains the point, if there is one. */
  readonly district: District | null;
}

export interface Gazetteer {
  /** `country`: ISO 3166-1 alpha-2, upper case. */
  namesOf(country: string): Promise<CountryNames>;
  nearest(latitude: number, longitude: number): Promise<Nearest>;
}

/** Countries with their names in memory; the least recently used one is evicted. A large country takes about 10 MB. */
const maxCountries = 4;

const townsOfOurOwn = townsBeyondGeonames.map(({ place }) => place);
/** Closer than this to its centre, a point is in the village. */
const villageMeters = 1_200;

/** Countries that may have the village nearest to the edge of an Uzbek city. */
const nearUzbekistan: ReadonlySet<string> = new Set(['UZ', 'KZ', 'KG', 'TJ', 'TM', 'AF']);
/** About half the distance between the centres of neighbouring districts. */
const districtMeters = 5_000;

function inTashkent(
  places: readonly GazetteerPlace[],
  latitude: number,
  longitude: number,
  nearest: Nearest,
): Nearest | null {
  const tashkent = places.find(({ geonameId }) => geonameId === tashkentGeonameId);
  if (tashkent === undefined) return null;
  let best: Nearest | null = null;
  for (const district of tashkentDistricts) {
    const distanceMeters = metersBetween(latitude, longitude, district.latitude, district.longitude);
    if (distanceMeters <= districtMeters && distanceMeters < (best?.distanceMeters ?? Number.POSITIVE_INFINITY)) {
      best = { place: tashkent, distanceMeters, district };
    }
  }
  const isInTown = nearest.place.geonameId !== tashkentGeonameId && nearest.distanceMeters < villageMeters;
  return best !== null && isInTown && best.distanceMeters > nearest.distanceMeters * 3 ? null : best;
}

/**
 * Within a city's radius a point is in the city, even if the centre of a village at its edge is nearer. The radius is 1
 * km for a village and about 12 km for Tashkent.
 */
function largestAround(
  nearest: Nearest,
  places: readonly GazetteerPlace[],
  latitude: number,
  longitude: number,
): Nearest {
  let best = nearest;
  for (const place of places) {
    const distanceMeters = metersBetween(latitude, longitude, place.latitude, place.longitude);
    const reachMeters = 1_000 + Math.sqrt(place.population) * 8;
    const isLarger = place.population > best.place.population && nearest.distanceMeters > villageMeters;
    if (distanceMeters < best.distanceMeters || (isLarger && distanceMeters < reachMeters))
      best = { place, distanceMeters, district: null };
  }
  return best;
}

/** Reads nothing yet. A failed read is repeated at the next use. */
export function createGazetteer(path: () => string = bundledGazetteerPath): Gazetteer {
  let uzbekPlaces: Promise<readonly GazetteerPlace[]> | null = null;
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
      return getOrCreateBounded(countries, country, maxCountries, () => {
        const read = world()
          .then((index) => index.placesOf(country))
          .then((places) => indexCountry(country === 'UZ' ? [...places, ...townsOfOurOwn] : places));
        read.catch(() => countries.delete(country));
        return read;
      });
    },

    async nearest(latitude, longitude) {
      const index = await world();
      const nearest: Nearest = { ...(await index.nearest(latitude, longitude)), district: null };
      if (!nearUzbekistan.has(nearest.place.countryCode)) return nearest;
      uzbekPlaces ??= index.placesOf('UZ').then((places) => [...places, ...townsOfOurOwn]);
      const places = await uzbekPlaces;
      return inTashkent(places, latitude, longitude, nearest) ?? largestAround(nearest, places, latitude, longitude);
    },
  };
}

/** One per process: the adapter and the emulator share it. */
export const bundledGazetteer: Gazetteer = createGazetteer();
