/**
 * Schemas of the bodies that the geocoding routes accept, except for distances: validated by the edge, shown in the API
 * description, typed by `Static`.
 */
import Type, { type Static, type TString } from 'typebox';
import { type InputFault, type Words, words } from '../errors.ts';
import { latitude, longitude, partNames } from '../providers/geocoding.ts';
import { geocoderNames } from '../providers/registry.ts';
import { isGiven, optional, withRule } from '../schema-parts.ts';
import { countryCodes } from './countries.ts';
import { soundsOf } from './match/sound.ts';

export const anyCountry = 'any';
export const maxBatchAddresses = 1000;
/** UTF-16 units after trimming. */
const maxAddressLength = 500;
const maxPartLength = 200;
const maxProviderLength = 100;
const maxAnswers = 10;

const letterOrDigit = /[\p{L}\p{N}]/u;

/** Why `value` is not an address, or null. A batch asks it of each address. */
export function addressFault(value: unknown, maxLength = maxAddressLength): Words | null {
  if (typeof value !== 'string') return words('must be a string', 'ожидается строка');
  const address = value.trim();
  if (address.length === 0 || address.length > maxLength)
    return words(`must have 1 to ${maxLength} characters`, `ожидается от 1 до ${maxLength} знаков`);
  // PostgreSQL does not store NUL, and UTF-8 does not encode a lone surrogate.
  if (address.includes('\0') || !address.isWellFormed())
    return words('must be well-formed text without NUL', 'ожидается правильный текст без NUL');
  if (!letterOrDigit.test(address)) return words('must contain a letter or a digit', 'нужна буква или цифра');
  return null;
}

function addressText(maxLength: number, options: object = {}): TString {
  const text = Type.String({
    minLength: 1,
    errorMessage: `must be a string of 1 to ${maxLength} characters`,
    errorMessageRu: `ожидается строка от 1 до ${maxLength} знаков`,
    ...options,
  });
  return withRule(text, (value) => faultOrNull('', addressFault(value, maxLength)));
}

function faultOrNull(path: string, found: Words | null): InputFault | null {
  return found === null ? null : { path, ...found };
}

export const address = addressText(maxAddressLength, {
  description: '1 to 500 characters after trimming. Russian, Uzbek in either script, or any other language.',
  examples: ['Ташкент, ул. Навои, 5'],
});

/** Control characters would end up in log lines and in the provider's query. */
const controlCharacter = /\p{Cc}/u;
const provider = withRule(
  Type.String({
    default: 'auto',
    minLength: 1,
    maxLength: maxProviderLength,
    description: `\`auto\`: by priority, with failover. ${geocoderNames.map((name) => `\`${name}\``).join(', ')}, or the name of a service: that one only.`,
    errorMessage: `must be auto or the name of a service, 1 to ${maxProviderLength} characters`,
    errorMessageRu: `ожидается auto или имя сервиса, от 1 до ${maxProviderLength} знаков`,
  }),
  (name) =>
    name.length > maxProviderLength || controlCharacter.test(name)
      ? {
          path: '',
          ...words(
            `must be auto or the name of a service: 1 to ${maxProviderLength} printable characters`,
            `ожидается auto или имя сервиса: от 1 до ${maxProviderLength} печатных знаков`,
          ),
        }
      : null,
);
const language = Type.String({
  default: 'ru',
  pattern: '^([A-Za-z]{2}|[Uu][Zz]-([Ll][Aa][Tt][Nn]|[Cc][Yy][Rr][Ll]))$',
  description: 'ISO 639-1; `uz-Latn` and `uz-Cyrl` choose the script of Uzbek.',
  errorMessage: 'must be an ISO 639-1 code of two letters, such as ru, uz or en, or uz-Latn or uz-Cyrl',
  errorMessageRu: 'ожидается код ISO 639-1 из двух букв, например ru, uz или en, либо uz-Latn или uz-Cyrl',
});

const notACountry = words(
  'must be an ISO 3166-1 code of two letters, such as UZ, or any',
  'ожидается код ISO 3166-1 из двух букв, например UZ, или any',
);
const countryCode = (options: object) =>
  withRule(
    Type.String({
      pattern: '^([A-Za-z]{2}|[Aa][Nn][Yy])$',
      errorMessage: notACountry.message,
      errorMessageRu: notACountry.message_ru,
      ...options,
    }),
    (code) =>
      code.length === anyCountry.length || countryCodes.has(code) || countryCodes.has(code.toUpperCase())
        ? null
        : { path: '', ...notACountry },
  );
const country = countryCode({ default: 'UZ', description: 'ISO 3166-1 alpha-2; `any` restricts nothing.' });
const region = countryCode({ description: 'Another name of `country`.' });

const minConfidence = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'Answers below it count as not found; the best is shown as `best`.',
});
const bounds = withRule(
  Type.Object(
    { south: latitude, west: longitude, north: latitude, east: longitude },
    { additionalProperties: false, description: 'Where to look first.' },
  ),
  ({ south, north }) =>
    south > north
      ? { path: 'south', ...words('must not be north of north', 'юг не может быть севернее севера') }
      : null,
  ({ west, east }) =>
    west > east
      ? { path: 'west', ...words('must not be east of east', 'запад не может быть восточнее востока') }
      : null,
);
const part = optional(addressText(maxPartLength));
const parts = withRule(
  Type.Object(
    { city: part, street: part, house_number: part, district: part, region: part, postal_code: part },
    { description: 'Instead of `address`.' },
  ),
  (given) =>
    partNames.some((name) => isGiven(given[name]))
      ? null
      : { path: '', ...words(`must name one of ${partNames.join(', ')}`, `укажите одно из: ${partNames.join(', ')}`) },
);

interface CountryMembers {
  readonly country?: unknown;
  readonly region?: unknown;
}

export function regionFault(body: CountryMembers): InputFault | null {
  if (!isGiven(body.country) || !isGiven(body.region)) return null;
  if (String(body.country).toUpperCase() === String(body.region).toUpperCase()) return null;
  return { path: 'region', message: 'is another name of country and must not differ from it' };
}

const placeTerms = { provider: optional(provider), language: optional(language) };
export const routeTerms = {
  ...placeTerms,
  country: optional(country),
  region: optional(region),
  min_confidence: optional(minConfidence),
};
const geocodeTerms = {
  ...routeTerms,
  bounds: optional(bounds),
  limit: optional(
    Type.Integer({ minimum: 1, maximum: maxAnswers, default: 1, description: 'More than one: `alternatives`.' }),
  ),
};

// Whole examples too: a page that makes one of the members' puts both names of a member into it, and empty texts.
export const geocodeRequestSchema = withRule(
  Type.Object(
    { address: optional(address), components: optional(parts), ...geocodeTerms },
    { title: 'GeocodeRequest', examples: [{ address: 'Ташкент, ул. Навои, 5' }] },
  ),
  (body) => {
    if (isGiven(body.address) !== isGiven(body.components)) return null;
    return isGiven(body.address)
      ? { path: 'components', ...words('must not stand beside address', 'не бывает вместе с address') }
      : { path: 'address', ...words('is required', 'обязательно') };
  },
  regionFault,
);

export const reverseRequestSchema = Type.Object(
  { latitude, longitude, ...placeTerms },
  { title: 'ReverseRequest', examples: [{ latitude: 41.311081, longitude: 69.240562 }] },
);

export const batchRequestSchema = withRule(
  Type.Object(
    {
      // Not `address`: one bad address fails alone, not the whole batch.
      addresses: Type.Array(Type.Unknown({ description: 'As `address` of a geocode request.' }), {
        minItems: 1,
        maxItems: maxBatchAddresses,
        errorMessage: `must be an array of 1 to ${maxBatchAddresses} addresses`,
      }),
      ...geocodeTerms,
    },
    { title: 'BatchRequest', examples: [{ addresses: ['Ташкент, ул. Навои, 5', 'Самарканд, Регистан'] }] },
  ),
  regionFault,
);

const aliasName = addressText(maxPartLength);
const oldStreetName = withRule(aliasName, (name) =>
  soundsOf(name).length === 0 ? { path: '', message: 'must hold a name, not only a designator' } : null,
);

/** `PUT /geocoding/settings`; also what the settings are shown as. */
export const settingsSchema = Type.Object(
  {
    city: Type.Optional(addressText(maxPartLength, { description: 'Of addresses that name none.' })),
    country: Type.Optional(country),
    bounds: Type.Optional(bounds),
    language: Type.Optional(language),
    street_aliases: Type.Optional(
      Type.Array(Type.Object({ from: oldStreetName, to: aliasName }, { additionalProperties: false }), {
        maxItems: 1000,
        description: 'Renamed streets: `from` is asked for as `to`, in whatever script it is written.',
      }),
    ),
  },
  {
    title: 'GeocodingSettings',
    additionalProperties: false,
    examples: [{ city: 'Ташкент', street_aliases: [{ from: 'Пушкина', to: 'Истиклол' }] }],
  },
);

export type GeocodeBody = Static<typeof geocodeRequestSchema>;
export type ReverseBody = Static<typeof reverseRequestSchema>;
export type BatchBody = Static<typeof batchRequestSchema>;
export type SettingsBody = Static<typeof settingsSchema>;
