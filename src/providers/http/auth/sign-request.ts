/** Signatures over a request that is otherwise ready to go: made anew for every attempt, for they hold the time. */
import type { ProviderAccount } from '../../provider.ts';
import { settingsOf } from '../settings.ts';
import type { HttpAuth } from './auth-settings.ts';
import { awsKeysOf, signForAws, signsBody } from './aws-sigv4.ts';
import type { SignableRequest, Signed } from './signed-request.ts';

type Signing = Extract<HttpAuth, { in: 'aws_sigv4' }>;

function signingsOf({ config }: Pick<ProviderAccount, 'config'>): readonly Signing[] {
  return settingsOf(config).auths.filter((auth) => auth.in === 'aws_sigv4');
}

/** Whether a request to this service can only be signed with its whole body at hand. */
export function signsWholeBody(account: Pick<ProviderAccount, 'config'>): boolean {
  return signingsOf(account).some(signsBody);
}

/** Why the account cannot sign; null where it can, or need not. */
export function faultOfKeys(account: ProviderAccount): string | null {
  const lacksAwsKeys = signingsOf(account).length > 0 && awsKeysOf(account.credentials) === null;
  return lacksAwsKeys ? 'the credentials need access_key_id and secret_access_key' : null;
}

/** `faultOfKeys` has been asked; what still lacks a key goes out unsigned. */
export function signRequest(request: SignableRequest, account: ProviderAccount, nowMs: number): Signed {
  const unsigned: Signed = { url: request.url, headers: request.headers, secrets: [] };
  return signingsOf(account).reduce<Signed>((before, signing) => {
    const keys = awsKeysOf(account.credentials);
    if (keys === null) return before;
    const signed = signForAws({ ...request, url: before.url, headers: before.headers }, signing, keys, nowMs);
    return { ...signed, secrets: [...before.secrets, ...signed.secrets] };
  }, unsigned);
}
