/** Parses a service account's key file, as Google's console issues it. */
import { parsedJson } from '../../encodings/tolerant.ts';
import { type InputFault, words } from '../../errors.ts';
import type { ProviderAccount } from '../provider.ts';
import { isObject, textIn } from '../reading.ts';

export interface ServiceAccountKey {
  readonly email: string;
  /** PEM. */
  readonly privateKey: string;
  readonly projectId: string | null;
  /** The token endpoint; Google's own if the file names none. */
  readonly tokenUri: string;
}

export const googleTokenUri = 'https://oauth2.googleapis.com/token';

/** null if the account has no key file. `credentials` may be the file's object or its text. */
export function readServiceAccountKey({ credentials }: Pick<ProviderAccount, 'credentials'>): ServiceAccountKey | null {
  const file = typeof credentials === 'string' ? parsedJson(credentials) : credentials;
  if (!isObject(file)) return null;
  const email = textIn(file, 'client_email');
  const privateKey = textIn(file, 'private_key');
  if (email === null || privateKey === null) return null;
  return {
    email,
    // In key files that passed through an environment variable, line ends are often escaped twice.
    privateKey: privateKey.replaceAll('\\n', '\n'),
    projectId: textIn(file, 'project_id'),
    tokenUri: textIn(file, 'token_uri') ?? googleTokenUri,
  };
}

/** The faults of credentials that are not a service account's key. */
export function faultsOfCredentials(credentials: unknown): readonly InputFault[] {
  if (credentials === undefined || credentials === null || readServiceAccountKey({ credentials }) !== null) return [];
  const file = typeof credentials === 'string' ? parsedJson(credentials) : credentials;
  const isOauthClient =
    isObject(file) && ['installed', 'web', 'client_secret', 'refresh_token'].some((name) => name in file);
  const found = isOauthClient
    ? words('is an OAuth client, with which only people can sign in', 'это клиент OAuth, им входят только люди')
    : words('is no service account’s key file', 'это не файл ключа сервисного аккаунта');
  const wanted = words(
    `${found.message}: it takes the JSON of a service account, with client_email and private_key`,
    `${found.message_ru}: нужен JSON сервисного аккаунта с client_email и private_key`,
  );
  return [{ path: 'credentials', ...wanted }];
}
