/** Puts an account's credentials into a request, and lists which of its values are secret. */
import { isHeaderText } from '../../header-text.ts';
import type { ProviderAccount } from '../../provider.ts';
import { isObject, textIn } from '../../reading.ts';
import { type HttpSettings, settingsOf } from '../settings.ts';
import type { HttpAuth } from './auth-settings.ts';

interface Named {
  readonly name: string;
  readonly value: string;
}

export interface Credential {
  readonly header: Named | null;
  readonly parameter: Named | null;
  /** Values that must not appear in the response. */
  readonly secrets: readonly string[];
}

const none: Credential = { header: null, parameter: null, secrets: [] };

export function credentialsOf(account: ProviderAccount, token: string | null): readonly Credential[] {
  const { auths } = settingsOf(account.config);
  // With several kinds, each has its own value: the member of `credentials` with the name of its header or parameter.
  const own = (auth: HttpAuth): ProviderAccount =>
    auths.length > 1 && 'name' in auth
      ? { ...account, apiKey: memberNamed(account.credentials, auth.name) ?? account.apiKey }
      : account;
  return auths.map((auth) => credentialOf(own(auth), auth, token));
}

function memberNamed(credentials: unknown, name: string): string | null {
  if (!isObject(credentials)) return null;
  const found = Object.entries(credentials).find(([member]) => member.toLowerCase() === name.toLowerCase())?.[1];
  return typeof found === 'string' && found !== '' ? found : null;
}

/** An account without a key sends none: some APIs need none. */
function credentialOf(account: ProviderAccount, auth: HttpAuth, token: string | null): Credential {
  const inHeader = (name: string, value: string, secrets: readonly string[]): Credential => ({
    header: { name: name.toLowerCase(), value },
    parameter: null,
    secrets,
  });
  const { apiKey } = account;
  switch (auth.in) {
    case 'oauth2_client_credentials':
    case 'oauth2_refresh_token':
      return inHeader('authorization', `Bearer ${token ?? ''}`, token === null ? [] : [token]);
    case 'basic': {
      const pair = basicPair(account, auth.user);
      if (pair === null) return none;
      const encoded = Buffer.from(pair).toString('base64');
      const [user = '', password = ''] = pair.split(/:(.*)/s);
      // If the key is the user and there is no password, the key itself is the secret.
      return inHeader('authorization', `Basic ${encoded}`, [encoded, pair, password === '' ? user : password]);
    }
    case 'header':
      return apiKey === null ? none : inHeader(auth.name, auth.prefix + apiKey, [apiKey]);
    case 'query':
      if (apiKey === null) return none;
      return { header: null, parameter: { name: auth.name, value: auth.prefix + apiKey }, secrets: [apiKey] };
    // Added last, by `sign-request.ts`.
    case 'aws_sigv4':
    case 'hmac':
      return none;
    case 'default':
      return apiKey === null ? none : inHeader('authorization', `Bearer ${apiKey}`, [apiKey]);
  }
}

/** The characters of a token are not checked here; its issuer is responsible. */
export function isSendable(account: ProviderAccount): boolean {
  return credentialsOf(account, '').every(({ header }) => header === null || isHeaderText(header.value));
}

/**
 * `credentials.username` or the configured user, with the password; else the API key as `user:password`, or as a user
 * without password.
 */
function basicPair({ credentials, apiKey }: ProviderAccount, configuredUser: string | null): string | null {
  const user = textIn(credentials, 'username') ?? configuredUser;
  if (user !== null) return `${user}:${textIn(credentials, 'password') ?? apiKey ?? ''}`;
  if (apiKey === null) return null;
  return apiKey.includes(':') ? apiKey : `${apiKey}:`;
}

/** Members of `credentials` that are not secret. */
const openMembers: ReadonlySet<string> = new Set([
  'client_id',
  'username',
  'user',
  'scope',
  'audience',
  'access_key_id',
]);

/** Every secret value of an account, whether or not a request carries it. */
export function secretsOf({ apiKey, credentials, config }: ProviderAccount): readonly string[] {
  const inCredentials = isObject(credentials)
    ? Object.entries(credentials).flatMap(([name, value]) =>
        typeof value === 'string' && !openMembers.has(name) ? [value] : [],
      )
    : [];
  return [...(apiKey === null ? [] : [apiKey]), ...inCredentials, ...secretSettings(config)];
}

/** The values of `config.headers` and `config.query` that `config.secret_headers` names: every request carries them. */
export function secretSettings(
  config: ProviderAccount['config'],
  { headers, query }: Pick<HttpSettings, 'headers' | 'query'> = settingsOf(config),
): readonly string[] {
  const { secret_headers: names } = config;
  const secretNames = new Set(Array.isArray(names) ? names.map((name) => String(name).toLowerCase()) : []);
  return [...Object.entries(headers), ...Object.entries(query)].flatMap(([name, value]) =>
    secretNames.has(name.toLowerCase()) && value !== '' ? [value] : [],
  );
}
