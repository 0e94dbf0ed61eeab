/** Reads the members of a request body, gathering every fault before refusing it. */
import { type InputFault, ServiceError } from '../errors.ts';
import type { Coordinates } from '../providers/geocoding.ts';

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
export function addressFault(value: unknown): string | null {
  if (typeof value !== 'string') return 'must be a string';
  const address = value.trim();
  if (address.length === 0 || address.length > maxAddressLength) return `must have 1 to ${maxAddressLength} characters`;
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
const twoLetters = /^[A-Za-z]{2}$/;

/** ISO 639-1, lower-cased. */
export function readLanguage(reader: InputReader, members: Members): string {
  const { language } = members;
  if (language === undefined || language === null) return defaultLanguage;
  if (typeof language === 'string' && twoLetters.test(language)) return language.toLowerCase();
  reader.fault('language', 'must be an ISO 639-1 code of two letters, such as ru, uz or en');
  return defaultLanguage;
}

/** ISO 3166-1 alpha-2, upper-cased; `region` is its other name, and the two must not contradict each other. */
export function readCountry(reader: InputReader, members: Members): string {
  const path = isGiven(members.country) || !isGiven(members.region) ? 'country' : 'region';
  const country = members[path];
  if (!isGiven(country)) return defaultCountry;
  if (typeof country !== 'string' || !twoLetters.test(country)) {
    reader.fault(path, 'must be an ISO 3166-1 code of two letters, such as UZ');
    return defaultCountry;
  }
  const { region } = members;
  if (path === 'country' && typeof region === 'string' && region.toUpperCase() !== country.toUpperCase()) {
    reader.fault('region', 'is another name of country and must not differ from it');
  }
  return country.toUpperCase();
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
