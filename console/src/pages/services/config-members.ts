/**
 * Converts members of a service's `config` to the texts of their fields and back. Members without a field stay
 * unchanged.
 */

export type Config = Readonly<Record<string, unknown>>;

export const authKinds = [
  'bearer',
  'header',
  'query',
  'basic',
  'oauth2_client_credentials',
  'oauth2_refresh_token',
  'aws_sigv4',
  'hmac',
] as const;

/** The members of each kind of authentication, besides the secret itself. */
export const authMembers: Readonly<Record<string, readonly string[]>> = {
  bearer: ['prefix'],
  header: ['name', 'prefix'],
  query: ['name', 'prefix'],
  basic: ['name'],
  oauth2_client_credentials: ['token_url', 'scope', 'audience', 'client_auth'],
  oauth2_refresh_token: ['token_url', 'scope', 'client_auth'],
  aws_sigv4: ['region', 'service'],
  hmac: [
    'name',
    'template',
    'prefix',
    'algorithm',
    'encoding',
    'secret_encoding',
    'timestamp_format',
    'timestamp_header',
    'timestamp_parameter',
    'nonce_header',
    'key_header',
  ],
};

export function isPlainObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `type` names the kind if `in` is the place of a signature. */
export function authKindOf(auth: Config): string {
  const kind = auth.type ?? auth.in;
  return typeof kind === 'string' ? kind : '';
}

/** undefined removes the member. */
export function withMember(config: Config, name: string, value: unknown): Config {
  const { [name]: _before, ...others } = config;
  return value === undefined ? others : { ...config, [name]: value };
}

/** All of them; a single one may be without a list. */
export function authsOf(config: Config): readonly Config[] {
  const { auth } = config;
  if (Array.isArray(auth)) return auth.filter(isPlainObject);
  return isPlainObject(auth) ? [auth] : [];
}

export function withAuths(config: Config, auths: readonly Config[]): Config {
  if (auths.length === 0) return withMember(config, 'auth', undefined);
  return withMember(config, 'auth', auths.length === 1 && !Array.isArray(config.auth) ? auths[0] : auths);
}

/** A text that is not a number stays, so that the service reports what is wrong. */
export function parseNumber(text: string): unknown {
  const plain = text.trim();
  if (plain === '') return undefined;
  return Number.isNaN(Number(plain)) ? plain : Number(plain);
}

export function formatPlain(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** `Name: value`, one per line. */
export function parseTexts(text: string): unknown {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

export function formatTexts(value: unknown): string {
  if (!isPlainObject(value)) return '';
  return Object.entries(value)
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n');
}

/** Separated by commas. */
export function parseNames(text: string): unknown {
  const names = text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length === 0 ? undefined : names;
}

export function formatNames(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}

/** One price, or `operation: price`, one per line. */
export function parsePrice(text: string): unknown {
  if (!text.includes(':')) return parseNumber(text);
  const texts = parseTexts(text);
  return Object.fromEntries(Object.entries(texts as Config).map(([name, price]) => [name, parseNumber(String(price))]));
}

export function formatPrice(value: unknown): string {
  return isPlainObject(value) ? formatTexts(value) : formatPlain(value);
}

/** A merge patch between two objects: removed members, at any depth, are null; lists are replaced whole. */
export function mergePatch(before: Config, after: Config): Config {
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (JSON.stringify(old) === JSON.stringify(value)) continue;
    patch[name] = isPlainObject(old) && isPlainObject(value) ? mergePatch(old, value) : value;
  }
  return patch;
}

/** Applies `patch` to an object: its nulls remove members. */
export function applyPatch(config: Config, patch: Config): Config {
  const patched: Record<string, unknown> = { ...config };
  for (const [name, value] of Object.entries(patch)) {
    const old = patched[name];
    if (value === null) delete patched[name];
    else patched[name] = isPlainObject(old) && isPlainObject(value) ? applyPatch(old, value) : value;
  }
  return patched;
}
