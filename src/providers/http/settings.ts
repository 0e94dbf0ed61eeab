/** `config` of an HTTP service, parsed: how it authenticates, how it is probed, how long its answers may be kept. */
import Type from 'typebox';
import type { InputFault } from '../../errors.ts';
import type { ServiceSettings } from '../provider.ts';
import { isObject } from '../reading.ts';
import { faultOfPath } from './target-url.ts';

export type HttpAuth =
  /** Nothing but the API key, where there is one: `Authorization: Bearer <api_key>`. */
  | { readonly in: 'default' }
  | { readonly in: 'header'; readonly name: string; readonly prefix: string }
  | { readonly in: 'query'; readonly name: string; readonly prefix: string }
  /** `user` null: `credentials` or the API key hold the pair. */
  | { readonly in: 'basic'; readonly user: string | null }
  | {
      readonly in: 'oauth2_client_credentials';
      readonly tokenUrl: string;
      readonly scope: string | null;
      readonly audience: string | null;
      /** Where the client's id and secret go: RFC 6749, 2.3.1. */
      readonly clientAuth: 'basic' | 'body';
    };

export interface HttpSettings {
  /** One, or as many as `config.auth` lists. */
  readonly auths: readonly HttpAuth[];
  /** Sent with every request, in place of the caller's of the same name. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Likewise, of the query. */
  readonly query: Readonly<Record<string, string>>;
  /** Asked with GET; null: the base URL, with HEAD. */
  readonly healthPath: string | null;
  /** null: as the upstream says. 0: never. */
  readonly cacheTtlSeconds: number | null;
  /** How long an upstream may be silent within its answer. */
  readonly idleTimeoutMs: number;
  /** How long an answer may take from its beginning to its end. */
  readonly totalTimeoutMs: number;
}

const defaultIdleSeconds = 300;
const defaultTotalSeconds = 86_400;

/** What stands in `config`, by name; `faultsOfSettings` is the judge of the values. */
const authSchema = Type.Object({
  in: Type.String(),
  name: Type.Optional(Type.String()),
  prefix: Type.Optional(Type.String()),
  token_url: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  audience: Type.Optional(Type.String()),
  client_auth: Type.Optional(Type.String()),
});
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

const maxAuths = 8;
const maxTexts = 32;
const maxTextLength = 2_048;
const kinds = ['header', 'query', 'basic', 'bearer', 'oauth2_client_credentials'] as const;
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Names that steer the connection or the message: a credential there would break the request. */
const unusableHeaders = /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect)$/i;

/** What cannot be read is as if it were not there: `faultsOfSettings` has refused it before it was stored. */
export function settingsOf(config: Readonly<Record<string, unknown>>): HttpSettings {
  const { cache_ttl_seconds: ttl, health_path: healthPath } = config;
  return {
    auths: Array.isArray(config.auth) ? config.auth.map(authOf) : [authOf(config.auth)],
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

function authOf(auth: unknown): HttpAuth {
  if (!isObject(auth)) return { in: 'default' };
  const text = (member: string): string | null => {
    const value = auth[member];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  switch (auth.in) {
    case 'header':
    case 'bearer': {
      const name = text('name') ?? 'Authorization';
      // An empty prefix is one that was chosen: the key goes alone.
      const usual = isAuthorization(name) ? 'Bearer' : '';
      return { in: 'header', name, prefix: spaced(auth.prefix === '' ? '' : (text('prefix') ?? usual)) };
    }
    case 'query':
      return { in: 'query', name: text('name') ?? 'key', prefix: text('prefix') ?? '' };
    case 'basic':
      return { in: 'basic', user: basicUserOf(text('name')) };
    case 'oauth2_client_credentials':
      return {
        in: 'oauth2_client_credentials',
        tokenUrl: text('token_url') ?? '',
        scope: text('scope'),
        audience: text('audience'),
        clientAuth: auth.client_auth === 'body' ? 'body' : 'basic',
      };
    default:
      return { in: 'default' };
  }
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === 'authorization';
}

/** `name` is the user's; only who wrote the header's there did not mean one. */
function basicUserOf(name: string | null): string | null {
  return name === null || isAuthorization(name) ? null : name;
}

/** `Token` means `Token <key>`; `key=` means `key=<key>`. */
function spaced(prefix: string): string {
  return /[A-Za-z0-9]$/.test(prefix) ? `${prefix} ` : prefix;
}

export function faultsOfSettings({ baseUrl, config }: ServiceSettings): readonly InputFault[] {
  const { auth, headers, query } = config;
  const ofAuth = Array.isArray(auth) ? faultsOfAuths(auth) : faultsOfAuth(auth, 'config.auth');
  return [
    ...faultsOfBase(baseUrl),
    ...ofAuth,
    ...faultsOfTexts(headers, 'config.headers', faultOfHeader),
    ...faultsOfTexts(query, 'config.query', faultOfParameter),
    ...faultsOfNames(config.secret_headers),
    ...faultsOfRest(config),
  ];
}

function faultsOfBase(baseUrl: string | null): InputFault[] {
  const fault = (message: string): InputFault[] => [{ path: 'base_url', message }];
  if (baseUrl === null) return fault('is required for the adapter "http"');
  if (!URL.canParse(baseUrl)) return fault('must be a URL');
  const { search, hash } = new URL(baseUrl);
  return search !== '' || hash !== '' || /[?#]/.test(baseUrl) ? fault('must have no query and no fragment') : [];
}

/** Each at a place of its own: of two in one place only one would be sent. */
function faultsOfAuths(auths: readonly unknown[]): InputFault[] {
  const fault = (message: string): InputFault[] => [{ path: 'config.auth', message }];
  if (auths.length === 0 || auths.length > maxAuths) return fault(`must be an object, or 1 to ${maxAuths} of them`);
  const faults = auths.flatMap((auth, index) => faultsOfAuth(auth ?? null, `config.auth[${index}]`));
  if (faults.length > 0) return faults;
  const places = auths.map(authOf).map((auth) => {
    if (auth.in === 'query') return `query ${auth.name}`;
    return auth.in === 'header' ? `header ${auth.name.toLowerCase()}` : 'header authorization';
  });
  return new Set(places).size < places.length ? fault('must name another header or parameter each') : [];
}

function faultsOfTexts(
  texts: unknown,
  path: string,
  faultOf: (name: string, text: string) => string | null,
): InputFault[] {
  if (texts === undefined) return [];
  if (!isObject(texts)) return [{ path, message: 'must be an object of names and texts' }];
  if (Object.keys(texts).length > maxTexts) return [{ path, message: `must have at most ${maxTexts} members` }];
  return Object.entries(texts).flatMap(([name, text]) => {
    const isText = typeof text === 'string' && text.length <= maxTextLength;
    const message = isText ? faultOf(name, text) : `must be text of at most ${maxTextLength} characters`;
    return message === null ? [] : [{ path: `${path}.${name.slice(0, 100)}`, message }];
  });
}

function faultsOfNames(names: unknown): InputFault[] {
  if (names === undefined) return [];
  const isList = Array.isArray(names) && names.length <= 2 * maxTexts;
  if (isList && names.every((name) => typeof name === 'string' && name !== '')) return [];
  return [{ path: 'config.secret_headers', message: 'must be a list of names of `headers` and `query`' }];
}

function faultOfHeader(name: string, text: string): string | null {
  if (!headerName.test(name) || unusableHeaders.test(name)) return 'is no header that a service may add';
  return /^[\x20-\x7e]*$/.test(text) ? null : 'must be printable ASCII text';
}

function faultOfParameter(name: string, text: string): string | null {
  return name === '' || /\p{Cc}/u.test(name + text) ? 'must have a name, and no control characters' : null;
}

function faultsOfAuth(auth: unknown, path: string): InputFault[] {
  if (auth === undefined) return [];
  if (!isObject(auth)) return [{ path, message: 'must be an object' }];
  const faults: InputFault[] = [];
  const fault = (member: string, message: string): void => {
    faults.push({ path: `${path}.${member}`, message });
  };
  if (!kinds.some((kind) => kind === auth.in)) fault('in', `must be one of ${kinds.join(', ')}`);
  for (const member of ['name', 'prefix', 'token_url', 'scope', 'audience']) {
    const value = auth[member];
    if (value !== undefined && (typeof value !== 'string' || value.length > 2_048 || /[^\x20-\x7e]/.test(value))) {
      fault(member, 'must be printable ASCII text');
    }
  }
  if (faults.length > 0) return faults;
  if (auth.in === 'header' || auth.in === 'bearer') {
    const { name } = auth as { name?: string };
    if (name !== undefined && (!headerName.test(name) || unusableHeaders.test(name))) {
      fault('name', 'must be the name of a header that may carry a credential');
    }
  }
  if (auth.in === 'oauth2_client_credentials') {
    if (typeof auth.token_url !== 'string' || !URL.canParse(auth.token_url)) fault('token_url', 'must be a URL');
    if (auth.client_auth !== undefined && auth.client_auth !== 'basic' && auth.client_auth !== 'body') {
      fault('client_auth', 'must be basic or body');
    }
  }
  return faults;
}

function faultsOfRest(config: Readonly<Record<string, unknown>>): InputFault[] {
  const faults: InputFault[] = [];
  const { cache_ttl_seconds: ttl, health_path: healthPath } = config;
  if (ttl !== undefined && !(Number.isInteger(ttl) && Number(ttl) >= 0 && Number(ttl) <= longestCacheTtlSeconds)) {
    faults.push({ path: 'config.cache_ttl_seconds', message: `must be whole seconds, 0 to ${longestCacheTtlSeconds}` });
  }
  for (const name of ['idle_timeout_seconds', 'total_timeout_seconds']) {
    const value = config[name];
    if (value === undefined || (typeof value === 'number' && value > 0 && value <= defaultTotalSeconds)) continue;
    faults.push({ path: `config.${name}`, message: `must be seconds, above 0 and at most ${defaultTotalSeconds}` });
  }
  if (healthPath !== undefined) {
    const fault = typeof healthPath === 'string' ? faultOfPath(healthPath.replace(/^\/+/, '')) : 'must be text';
    if (fault !== null) faults.push({ path: 'config.health_path', message: fault });
  }
  return faults;
}
