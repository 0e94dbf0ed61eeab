/** Parses `config` of an HTTP service: authentication, probing, and how long its answers may be cached. */
import Type from 'typebox';
import { type InputFault, type Words, words } from '../../errors.ts';
import type { ServiceSettings } from '../provider.ts';
import { isObject } from '../reading.ts';
import { authSchema, authsOf, faultsOfAuth, type HttpAuth, isUsableHeader } from './auth/auth-settings.ts';
import { faultOfPath } from './target-url.ts';

export interface HttpSettings {
  /** One, or all that `config.auth` lists. */
  readonly auths: readonly HttpAuth[];
  /** Sent with every request; they replace the caller's headers of the same name. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The same for query parameters. */
  readonly query: Readonly<Record<string, string>>;
  /** Probed with GET; null: the base URL, with HEAD. */
  readonly healthPath: string | null;
  /** null: as the upstream's headers say. 0: never. */
  readonly cacheTtlSeconds: number | null;
  /** The maximum silence within a response. */
  readonly idleTimeoutMs: number;
  /** The maximum time of a response from start to end. */
  readonly totalTimeoutMs: number;
}

const defaultIdleSeconds = 300;
const defaultTotalSeconds = 86_400;

/** The members of `config`; `faultsOfSettings` validates their values. */
export const httpConfigMembers = {
  auth: Type.Union([authSchema, Type.Array(authSchema)]),
  headers: Type.Record(Type.String(), Type.String()),
  query: Type.Record(Type.String(), Type.String()),
  secret_headers: Type.Array(Type.String()),
  cache_ttl_seconds: Type.Integer(),
  health_path: Type.String(),
  idle_timeout_seconds: Type.Number(),
  total_timeout_seconds: Type.Number(),
} as const;

export const longestCacheTtlSeconds = 30 * 86_400;

const maxTexts = 32;
const maxTextLength = 2_048;

/** Invalid members count as missing: `faultsOfSettings` refuses them before they are stored. */
export function settingsOf(config: Readonly<Record<string, unknown>>): HttpSettings {
  const { cache_ttl_seconds: ttl, health_path: healthPath } = config;
  return {
    auths: authsOf(config.auth),
    headers: Object.fromEntries(textsIn(config.headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: Object.fromEntries(textsIn(config.query)),
    healthPath: typeof healthPath === 'string' ? healthPath.replace(/^\/+/, '') : null,
    idleTimeoutMs: secondsIn(config.idle_timeout_seconds, defaultIdleSeconds) * 1000,
    totalTimeoutMs: secondsIn(config.total_timeout_seconds, defaultTotalSeconds) * 1000,
    cacheTtlSeconds: typeof ttl === 'number' && ttl >= 0 ? Math.min(ttl, longestCacheTtlSeconds) : null,
  };
}

function textsIn(value: unknown): readonly (readonly [string, string])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : []));
}

function secondsIn(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? Math.min(value, defaultTotalSeconds) : otherwise;
}

export function faultsOfSettings({ baseUrl, config }: ServiceSettings): readonly InputFault[] {
  const { auth, headers, query } = config;
  return [
    ...faultsOfBase(baseUrl),
    ...faultsOfAuth(auth),
    ...faultsOfTexts(headers, 'config.headers', faultOfHeader),
    ...faultsOfTexts(query, 'config.query', faultOfParameter),
    ...faultsOfNames(config.secret_headers),
    ...faultsOfRest(config),
  ];
}

function faultsOfBase(baseUrl: string | null): InputFault[] {
  const fault = (found: Words): InputFault[] => [{ path: 'base_url', ...found }];
  if (baseUrl === null) return fault(words('is required for the adapter "http"', 'обязательно для адаптера «http»'));
  if (!URL.canParse(baseUrl)) return fault(words('must be a URL', 'ожидается URL'));
  const { search, hash } = new URL(baseUrl);
  return search !== '' || hash !== '' || /[?#]/.test(baseUrl)
    ? fault(words('must have no query and no fragment', 'без параметров и фрагмента'))
    : [];
}

const tooLong = words(
  `must be text of at most ${maxTextLength} characters`,
  `ожидается текст не длиннее ${maxTextLength} знаков`,
);

function faultsOfTexts(
  texts: unknown,
  path: string,
  faultOf: (name: string, text: string) => Words | null,
): InputFault[] {
  if (texts === undefined) return [];
  if (!isObject(texts))
    return [{ path, ...words('must be an object of names and texts', 'ожидается объект из имён и текстов') }];
  if (Object.keys(texts).length > maxTexts)
    return [{ path, ...words(`must have at most ${maxTexts} members`, `не больше ${maxTexts} членов`) }];
  return Object.entries(texts).flatMap(([name, text]) => {
    const isText = typeof text === 'string' && text.length <= maxTextLength;
    const found = isText ? faultOf(name, text) : tooLong;
    return found === null ? [] : [{ path: `${path}.${name.slice(0, 100)}`, ...found }];
  });
}

function faultsOfNames(names: unknown): InputFault[] {
  if (names === undefined) return [];
  const isList = Array.isArray(names) && names.length <= 2 * maxTexts;
  if (isList && names.every((name) => typeof name === 'string' && name !== '')) return [];
  return [
    {
      path: 'config.secret_headers',
      ...words('must be a list of names of `headers` and `query`', 'ожидается список имён из headers и query'),
    },
  ];
}

function faultOfHeader(name: string, text: string): Words | null {
  if (!isUsableHeader(name))
    return words('is no header that a service may add', 'такой заголовок сервис добавлять не может');
  return /^[\x20-\x7e]*$/.test(text) ? null : words('must be printable ASCII text', 'ожидается печатный текст ASCII');
}

function faultOfParameter(name: string, text: string): Words | null {
  return name === '' || /\p{Cc}/u.test(name + text)
    ? words('must have a name, and no control characters', 'нужно имя, без управляющих знаков')
    : null;
}

function faultsOfRest(config: Readonly<Record<string, unknown>>): InputFault[] {
  const faults: InputFault[] = [];
  const { cache_ttl_seconds: ttl, health_path: healthPath } = config;
  if (ttl !== undefined && !(Number.isInteger(ttl) && Number(ttl) >= 0 && Number(ttl) <= longestCacheTtlSeconds)) {
    faults.push({
      path: 'config.cache_ttl_seconds',
      ...words(
        `must be whole seconds, 0 to ${longestCacheTtlSeconds}`,
        `ожидаются целые секунды, от 0 до ${longestCacheTtlSeconds}`,
      ),
    });
  }
  for (const name of ['idle_timeout_seconds', 'total_timeout_seconds']) {
    const value = config[name];
    if (value === undefined || (typeof value === 'number' && value > 0 && value <= defaultTotalSeconds)) continue;
    faults.push({
      path: `config.${name}`,
      ...words(
        `must be seconds, above 0 and at most ${defaultTotalSeconds}`,
        `ожидаются секунды, больше 0 и не больше ${defaultTotalSeconds}`,
      ),
    });
  }
  if (healthPath !== undefined) {
    const fault =
      typeof healthPath === 'string'
        ? faultOfPath(healthPath.replace(/^\/+/, ''))
        : words('must be text', 'ожидается текст');
    if (fault !== null) faults.push({ path: 'config.health_path', ...fault });
  }
  return faults;
}
