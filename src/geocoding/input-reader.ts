/** Reads the members of a request body, gathering every fault before refusing it. */
import { type InputFault, ServiceError } from '../errors.ts';
import type { Box, Coordinates, QuestionParts } from '../providers/geocoding.ts';
import { countryCodes } from './countries.ts';

export interface InputReader {
  readonly faults: InputFault[];
  fault(path: string, message: string): void;
  /** Throws `INVALID_REQUEST` naming every fault found so far; returns where there is none. */
  refuseFaults(): void;
}

export function createInputReader(): InputReader {
  const faults: InputFault[] = [];
  return {
    faults,
    fault: (path, message) => {
      faults.push({ path, message });
    },
    refuseFaults: () => {
      const first = faults[0];
      if (first === undefined) return;
      throw new ServiceError('INVALID_REQUEST', `${first.path}: ${first.message}`, { errors: faults });
    },
  };
}

export type Members = Readonly<Record<string, unknown>>;

/** What is null is not given: clients with typed requests write every member. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Throws `INVALID_REQUEST` unless the body is a JSON object. */
export function parseMembers(body: unknown): Members {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const message = 'must be a JSON object';
    throw new ServiceError('INVALID_REQUEST', `The body ${message}.`, { errors: [{ path: 'body', message }] });
  }
  return body as Members;
}

/** Longest accepted address, in UTF-16 units after trimming. */
export const maxAddressLength = 500;
const saysSomething = /[\p{L}\p{N}]/u;
/** NUL cannot be stored by PostgreSQL, and no lone surrogate survives UTF-8. */
const unspeakable = /\0|\p{Surrogate}/u;

/** Why `value` is no address, or null where it is one. The faults are those of the member alone, so that a batch can name each. */
export function addressFault(value: unknown, maxLength = maxAddressLength): string | null {
  if (typeof value !== 'string') return 'must be a string';
  const address = value.trim();
  if (address.length === 0 || address.length > maxLength) return `must have 1 to ${maxLength} characters`;
  if (unspeakable.test(address)) return 'must be well-formed text without NUL';
  if (!saysSomething.test(address)) return 'must contain a letter or a digit';
  return null;
}

export function readAddress(reader: InputReader, path: string, value: unknown): string {
  const fault = value === undefined ? 'is required' : addressFault(value);
  if (fault === null) return (value as string).trim();
  reader.fault(path, fault);
  return '';
}

/** A finite number from -`limit` to `limit`. Strings are refused: `"41.3"` hides a caller who mixes up units or order. */
export function readDegrees(reader: InputReader, path: string, value: unknown, limit: 90 | 180): number {
  if (typeof value === 'number' && value >= -limit && value <= limit) return value;
  reader.fault(path, value === undefined ? 'is required' : `must be a number from -${limit} to ${limit}`);
  return 0;
}

export function readCoordinates(reader: InputReader, prefix: string, members: Members): Coordinates {
  return {
    latitude: readDegrees(reader, `${prefix}latitude`, members.latitude, 90),
    longitude: readDegrees(reader, `${prefix}longitude`, members.longitude, 180),
  };
}

export const defaultLanguage = 'ru';
export const defaultCountry = 'UZ';
/** ISO 639-1; of Uzbek its script too, as BCP 47 writes it. */
export const languagePattern = '^([A-Za-z]{2}|[Uu][Zz]-([Ll][Aa][Tt][Nn]|[Cc][Yy][Rr][Ll]))$';
const languages = new RegExp(languagePattern);

/** `ru`, `uz`, `uz-Latn`, `uz-Cyrl`. */
export function readLanguage(reader: InputReader, members: Members, otherwise = defaultLanguage): string {
  const { language } = members;
  if (language === undefined || language === null) return otherwise;
  if (typeof language === 'string' && languages.test(language)) {
    const [code = '', script] = language.toLowerCase().split('-');
    return script === undefined ? code : `${code}-${script.slice(0, 1).toUpperCase()}${script.slice(1)}`;
  }
  reader.fault('language', 'must be an ISO 639-1 code of two letters, such as ru, uz or en, or uz-Latn or uz-Cyrl');
  return defaultLanguage;
}

export const anyCountry = 'any';

/**
 * ISO 3166-1 alpha-2, upper-cased; null for `any`, which restricts nothing. `region` is its other name, and the two must
 * not contradict each other.
 */
export function readCountry(reader: InputReader, members: Members, otherwise = defaultCountry): string | null {
  const path = isGiven(members.country) || !isGiven(members.region) ? 'country' : 'region';
  const country = members[path];
  if (!isGiven(country)) return otherwise === anyCountry ? null : otherwise;
  const code = typeof country === 'string' ? country.toUpperCase() : '';
  const isAny = code === anyCountry.toUpperCase();
  if (!isAny && !countryCodes.has(code)) {
    reader.fault(path, 'must be an ISO 3166-1 code of two letters, such as UZ, or any');
    return defaultCountry;
  }
  const { region } = members;
  if (path === 'country' && typeof region === 'string' && region.toUpperCase() !== code) {
    reader.fault('region', 'is another name of country and must not differ from it');
  }
  return isAny ? null : code;
}

/** null where none is given: the preferred area. */
export function readBounds(reader: InputReader, members: Members, path = 'bounds'): Box | null {
  const { bounds } = members;
  if (!isGiven(bounds)) return null;
  if (typeof bounds !== 'object' || Array.isArray(bounds)) {
    reader.fault(path, 'must be {south, west, north, east}');
    return null;
  }
  const given = bounds as Members;
  refuseUnknown(reader, `${path}.`, given, ['south', 'west', 'north', 'east']);
  const box = {
    south: readDegrees(reader, `${path}.south`, given.south, 90),
    west: readDegrees(reader, `${path}.west`, given.west, 180),
    north: readDegrees(reader, `${path}.north`, given.north, 90),
    east: readDegrees(reader, `${path}.east`, given.east, 180),
  };
  if (box.south > box.north) reader.fault(`${path}.south`, 'must not be north of north');
  if (box.west > box.east) reader.fault(`${path}.west`, 'must not be east of east');
  return box;
}

export const partNames = ['city', 'street', 'house_number', 'district', 'region', 'postal_code'] as const;
export const maxPartLength = 200;

/** An address given in parts; null where none is given. */
export function readParts(reader: InputReader, members: Members): QuestionParts | null {
  const { components } = members;
  if (!isGiven(components)) return null;
  if (typeof components !== 'object' || Array.isArray(components)) {
    reader.fault('components', `must be an object of ${partNames.join(', ')}`);
    return null;
  }
  const given = components as Members;
  refuseUnknown(reader, 'components.', given, partNames);
  const parts: { [Name in (typeof partNames)[number]]?: string } = {};
  for (const name of partNames) {
    if (!isGiven(given[name])) continue;
    const fault = addressFault(given[name], maxPartLength);
    if (fault === null) parts[name] = (given[name] as string).trim();
    else reader.fault(`components.${name}`, fault);
  }
  if (Object.keys(parts).length === 0) reader.fault('components', `must name one of ${partNames.join(', ')}`);
  return parts;
}

function refuseUnknown(reader: InputReader, prefix: string, members: Members, known: readonly string[]): void {
  for (const name of Object.keys(members)) {
    if (!known.includes(name)) reader.fault(`${prefix}${name.slice(0, 60)}`, 'is not known');
  }
}

export const maxAnswers = 10;

export function readLimit(reader: InputReader, { limit }: Members): number {
  if (!isGiven(limit)) return 1;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= maxAnswers) return limit;
  reader.fault('limit', `must be a whole number from 1 to ${maxAnswers}`);
  return 1;
}

export const maxProviderLength = 100;
/** Control characters would end up in log lines and question strings. */
const controlCharacters = /\p{Cc}/u;

/** null: chosen by priority. Whether the tenant has such a service is for the gateway to say. */
export function readProvider(reader: InputReader, members: Members): string | null {
  const { provider } = members;
  if (provider === undefined || provider === null || provider === 'auto') return null;
  if (
    typeof provider === 'string' &&
    provider.length > 0 &&
    provider.length <= maxProviderLength &&
    !controlCharacters.test(provider)
  ) {
    return provider;
  }
  reader.fault('provider', `must be auto or the name of a service, 1 to ${maxProviderLength} characters`);
  return null;
}

/** 0 to 1; null where the caller takes any answer. */
export function readMinConfidence(reader: InputReader, members: Members): number | null {
  const minConfidence = members.min_confidence;
  if (minConfidence === undefined || minConfidence === null) return null;
  if (typeof minConfidence === 'number' && minConfidence >= 0 && minConfidence <= 1) return minConfidence;
  reader.fault('min_confidence', 'must be a number from 0 to 1');
  return null;
}

export function readOneOf<const Choice extends string>(
  reader: InputReader,
  members: Members,
  path: string,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  const value = members[path];
  if (value === undefined || value === null) return otherwise;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  reader.fault(path, `must be one of ${choices.join(', ')}`);
  return otherwise;
}
