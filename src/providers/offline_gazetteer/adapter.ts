/**
 * `offline_gazetteer`: the provider without a key, which is asked last. It knows towns, districts of Tashkent and
 * regions, but no streets or houses: every answer is APPROXIMATE with a confidence of at most 0.3, and its
 * `formatted_address` names only what it knows.
 */
import { languageOnly, type Place } from '../geocoding.ts';
import type { Adapter, Verdict } from '../provider.ts';
import type { Match } from './country-names.ts';
import { offlineGazetteerFacts } from './facts.ts';
import { bundledGazetteer, type Gazetteer } from './gazetteer.ts';
import { cityName, countryName, inLanguage, regionName } from './local-names.ts';

/**
 * Confidence by the kind of place. Even the best is off by some kilometres, so all values are below those of any street
 * answer of a real geocoder.
 */
export const gazetteerConfidence = { district: 0.3, city: 0.2, region: 0.1, nearest: 0.2 } as const;

/** Farther away, the nearest town does not describe the point. */
const maxReverseMeters = 50_000;

export function createOfflineGazetteer(gazetteer: Gazetteer = bundledGazetteer): Adapter {
  return {
    name: 'offline_gazetteer',
    serviceType: 'geocoding',
    facts: offlineGazetteerFacts,
    defaultBaseUrl: null,
    secretsOf: () => [],
    attempts: {
      async geocode({ address, language, country: asked }) {
        // Names are looked up in one country; by default in Uzbekistan.
        const country = asked ?? 'UZ';
        const names = await load(() => gazetteer.namesOf(country));
        if (names.kind === 'failed') return names;
        const found = names.value.find(address);
        if (found === null) return { kind: 'empty' };
        return {
          kind: 'ok',
          value: describe(found.match, languageOnly(language), found.saysMore, gazetteerConfidence[found.match.kind]),
        };
      },

      async reverse({ latitude, longitude, language }) {
        const found = await load(() => gazetteer.nearest(latitude, longitude));
        if (found.kind === 'failed') return found;
        const { place, distanceMeters, district } = found.value;
        if (distanceMeters > maxReverseMeters) return { kind: 'empty' };
        const match: Match =
          district === null ? { kind: 'city', city: place } : { kind: 'district', district, city: place };
        return { kind: 'ok', value: describe(match, languageOnly(language), true, gazetteerConfidence.nearest) };
      },

      async health_check() {
        const loaded = await load(() => gazetteer.namesOf('UZ'));
        return loaded.kind === 'failed' ? loaded : { kind: 'ok', value: {} };
      },
    },
  };
}

type Loaded<Value> = { kind: 'loaded'; value: Value } | Extract<Verdict<never>, { kind: 'failed' }>;

async function load<Value>(read: () => Promise<Value>): Promise<Loaded<Value>> {
  try {
    return { kind: 'loaded', value: await read() };
  } catch {
    return { kind: 'failed', retryable: false, message: 'the gazetteer cannot be read' };
  }
}

function describe(match: Match, language: string, partial: boolean, confidence: number): Place {
  const { city } = match;
  const country = countryName(city.countryCode, language);
  const region = regionName(city, language);
  const cityText = match.kind === 'region' ? null : cityName(city, language);
  const district = match.kind === 'district' ? inLanguage(match.district.names, language) : null;
  const at = match.kind === 'district' ? match.district : city;
  const parts = [district, cityText, region === cityText ? null : region, country].filter((part) => part !== null);
  return {
    latitude: at.latitude,
    longitude: at.longitude,
    formatted_address: parts.join(', '),
    confidence,
    location_type: 'APPROXIMATE',
    address_components: [
      ...component(district, district, ['sublocality', 'sublocality_level_1', 'political']),
      ...component(cityText, cityText, ['locality', 'political']),
      ...component(region, region, ['administrative_area_level_1', 'political']),
      ...component(country, city.countryCode, ['country', 'political']),
    ],
    components: {
      street: null,
      house_number: null,
      district,
      city: cityText,
      region,
      postal_code: null,
      country,
      country_code: city.countryCode,
    },
    place_id: match.kind === 'city' && city.geonameId > 0 ? `geonames:${city.geonameId}` : null,
    partial_match: partial,
  };
}

function component(long: string | null, short: string | null, types: readonly string[]): Place['address_components'] {
  return long === null ? [] : [{ long_name: long, short_name: short ?? long, types }];
}
