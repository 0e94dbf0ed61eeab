/** Parses `config.auth` of an HTTP service: how its requests are authenticated. */
import Type from 'typebox';
import { type InputFault, type Words, words } from '../../../errors.ts';
import { isObject } from '../../reading.ts';
import { type AwsSigV4, faultsOfAwsSigV4 } from './aws-sigv4.ts';
import { faultsOfHmac, type HmacSigning, hmacMembers, hmacOf } from './hmac-settings.ts';
import type { TokenEndpoint } from './token-request.ts';

interface OAuth2 extends TokenEndpoint {
  readonly scope: string | null;
}

export type HttpAuth =
  /** Only the API key, if there is one: `Authorization: Bearer <api_key>`. */
  | { readonly in: 'default' }
  | { readonly in: 'header'; readonly name: string; readonly prefix: string }
  | { readonly in: 'query'; readonly name: string; readonly prefix: string }
  /** `user` null: `credentials` or the API key hold the user and the password. */
  | { readonly in: 'basic'; readonly user: string | null }
  | ({ readonly in: 'oauth2_client_credentials'; readonly audience: string | null } & OAuth2)
  | ({ readonly in: 'oauth2_refresh_token' } & OAuth2)
  | AwsSigV4
  | HmacSigning;

const maxAuths = 8;
const kinds = [
  'header',
  'query',
  'basic',
  'bearer',
  'oauth2_client_credentials',
  'oauth2_refresh_token',
  'aws_sigv4',
  'hmac',
] as const;
/** For kinds that refuse the members of other kinds. */
const membersOfKind: Readonly<Record<string, readonly string[]>> = {
  oauth2_refresh_token: ['type', 'in', 'token_url', 'scope', 'client_auth'],
  aws_sigv4: ['type', 'in', 'region', 'service'],
  hmac: hmacMembers,
};
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Headers that control the connection or the message: a credential in one of them would break the request. */
const unusableHeaders = /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect)$/i;

/** Whether a service may add a header of this name to its requests. */
export function isUsableHeader(name: string): boolean {
  return headerName.test(name) && !unusableHeaders.test(name);
}

const members = new Set(['name', 'prefix', 'audience', ...Object.values(membersOfKind).flat()]);

/** The members of `config.auth`; `faultsOfAuth` validates their values. */
export const authSchema = Type.Object(
  Object.fromEntries([...members].map((name) => [name, Type.Optional(Type.String())])),
);

/** One, or all that a list names. Invalid entries are skipped: `faultsOfAuth` refuses them before they are stored. */
export function authsOf(auth: unknown): readonly HttpAuth[] {
  return Array.isArray(auth) ? auth.map(authOf) : [authOf(auth)];
}

function authOf(auth: unknown): HttpAuth {
  if (!isObject(auth)) return { in: 'default' };
  const text = (member: string): string | null => {
    const value = auth[member];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const oauth2: OAuth2 = {
    tokenUrl: text('token_url') ?? '',
    scope: text('scope'),
    clientAuth: auth.client_auth === 'body' ? 'body' : 'basic',
  };
  switch (kindOf(auth)) {
    case 'header':
    case 'bearer': {
      const name = text('name') ?? 'Authorization';
      // An empty prefix is deliberate: the key is sent alone.
      const usual = isAuthorization(name) ? 'Bearer' : '';
      return { in: 'header', name, prefix: spaced(auth.prefix === '' ? '' : (text('prefix') ?? usual)) };
    }
    case 'query':
      return { in: 'query', name: text('name') ?? 'key', prefix: text('prefix') ?? '' };
    case 'basic':
      return { in: 'basic', user: basicUserOf(text('name')) };
    case 'oauth2_client_credentials':
      return { in: 'oauth2_client_credentials', ...oauth2, audience: text('audience') };
    case 'oauth2_refresh_token':
      return { in: 'oauth2_refresh_token', ...oauth2 };
    case 'aws_sigv4':
      return { in: 'aws_sigv4', region: text('region') ?? '', service: text('service') ?? '' };
    case 'hmac':
      return hmacOf(auth);
    default:
      return { in: 'default' };
  }
}

/** The kind is in `type` if `in` has a meaning of its own; older kinds have only `in`. */
function kindOf(auth: Readonly<Record<string, unknown>>): unknown {
  return auth.type ?? auth.in;
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === 'authorization';
}

/** `name` is the user's name, unless it is the name of the header. */
function basicUserOf(name: string | null): string | null {
  return name === null || isAuthorization(name) ? null : name;
}

/** `Token` means `Token <key>`; `key=` means `key=<key>`. */
function spaced(prefix: string): string {
  return /[A-Za-z0-9]$/.test(prefix) ? `${prefix} ` : prefix;
}

/** `auth` undefined: no authentication is configured. */
export function faultsOfAuth(auth: unknown): readonly InputFault[] {
  return Array.isArray(auth) ? faultsOfList(auth) : faultsOfOne(auth, 'config.auth');
}

/** Each needs a place of its own: of two in one place only one would be sent. */
function faultsOfList(auths: readonly unknown[]): InputFault[] {
  const fault = (found: Words): InputFault[] => [{ path: 'config.auth', ...found }];
  if (auths.length === 0 || auths.length > maxAuths)
    return fault(
      words(`must be an object, or 1 to ${maxAuths} of them`, `ожидается объект или от 1 до ${maxAuths} объектов`),
    );
  const faults = auths.flatMap((auth, index) => faultsOfOne(auth ?? null, `config.auth[${index}]`));
  if (faults.length > 0) return faults;
  const places = auths.map(authOf).flatMap(placesOf);
  return new Set(places).size < places.length
    ? fault(words('must name another header or parameter each', 'у каждого должен быть свой заголовок или параметр'))
    : [];
}

/** Where in a request it puts a value. */
function placesOf(auth: HttpAuth): readonly string[] {
  const header = (name: string): string => `header ${name.toLowerCase()}`;
  const parameter = (name: string): string => `query ${name}`;
  switch (auth.in) {
    case 'query':
      return [parameter(auth.name)];
    case 'header':
      return [header(auth.name)];
    case 'hmac': {
      const headers = [auth.timestampHeader, auth.nonceHeader, auth.keyHeader].filter((name) => name !== null);
      const parameters = auth.timestampParameter === null ? [] : [parameter(auth.timestampParameter)];
      const own = auth.place === 'query' ? parameter(auth.name) : header(auth.name);
      return [own, ...headers.map(header), ...parameters];
    }
    default:
      return [header('authorization')];
  }
}

function faultsOfOne(auth: unknown, path: string): InputFault[] {
  if (auth === undefined) return [];
  if (!isObject(auth)) return [{ path, ...words('must be an object', 'ожидается объект') }];
  const faults: InputFault[] = [];
  const fault = (member: string, message: string, messageRu: string): void => {
    faults.push({ path: `${path}.${member}`, ...words(message, messageRu) });
  };
  const kind = kindOf(auth);
  const isKnown = kinds.some((known) => known === kind);
  if (!isKnown)
    fault(
      auth.type === undefined ? 'in' : 'type',
      `must be one of ${kinds.join(', ')}`,
      `ожидается одно из: ${kinds.join(', ')}`,
    );
  else if (kind !== 'hmac' && auth.in !== undefined && auth.in !== kind)
    fault('in', 'must be left out beside another "type"', 'не бывает вместе с другим type');
  for (const member of ['name', 'prefix', 'token_url', 'scope', 'audience']) {
    const value = auth[member];
    if (value !== undefined && (typeof value !== 'string' || value.length > 2_048 || /[^\x20-\x7e]/.test(value))) {
      fault(member, 'must be printable ASCII text', 'ожидается печатный текст ASCII');
    }
  }
  const known = membersOfKind[String(kind)];
  for (const member of known === undefined ? [] : Object.keys(auth)) {
    if (!known?.includes(member)) fault(member, `has no meaning beside "${kind}"`, `не имеет смысла при «${kind}»`);
  }
  if (faults.length > 0) return faults;
  if (kind === 'header' || kind === 'bearer') {
    const { name } = auth as { name?: string };
    if (name !== undefined && !isUsableHeader(name)) {
      fault(
        'name',
        'must be the name of a header that may carry a credential',
        'ожидается имя заголовка, который может нести учётные данные',
      );
    }
  }
  if (kind === 'oauth2_client_credentials' || kind === 'oauth2_refresh_token') {
    if (typeof auth.token_url !== 'string' || !URL.canParse(auth.token_url))
      fault('token_url', 'must be a URL', 'ожидается URL');
    if (auth.client_auth !== undefined && auth.client_auth !== 'basic' && auth.client_auth !== 'body') {
      fault('client_auth', 'must be basic or body', 'ожидается basic или body');
    }
  }
  if (kind === 'aws_sigv4') faults.push(...faultsOfAwsSigV4(auth, path));
  if (kind === 'hmac') faults.push(...faultsOfHmac(auth, path, isUsableHeader));
  return faults;
}
