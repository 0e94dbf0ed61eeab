/** Signs a request that is otherwise complete; done again for every attempt, because signatures contain the time. */
import type { ProviderAccount } from '../../provider.ts';
import { settingsOf } from '../settings.ts';
import type { HttpAuth } from './auth-settings.ts';
import { awsKeysOf, signForAws, signsBody } from './aws-sigv4.ts';
import { faultOfHmacKeys, hmacKeysOf, signByHmac } from './hmac.ts';
import { holdsBody } from './hmac-template.ts';
import type { SignableRequest, Signed } from './signed-request.ts';

type Signing = Extract<HttpAuth, { in: 'aws_sigv4' | 'hmac' }>;

function signingsOf({ config }: Pick<ProviderAccount, 'config'>): readonly Signing[] {
  return settingsOf(config).auths.filter((auth) => auth.in === 'aws_sigv4' || auth.in === 'hmac');
}

/** Whether requests to this service can be signed only with the whole body in memory. */
export function signsWholeBody(account: Pick<ProviderAccount, 'config'>): boolean {
  return signingsOf(account).some((one) => (one.in === 'hmac' ? holdsBody(one.template) : signsBody(one)));
}

/** Why the account cannot sign; null if it can, or need not. */
export function faultOfKeys(account: ProviderAccount): string | null {
  for (const signing of signingsOf(account)) {
    if (signing.in === 'hmac') {
      const fault = faultOfHmacKeys(account, signing);
      if (fault !== null) return fault;
    } else if (awsKeysOf(account.credentials) === null) {
      return 'the credentials need access_key_id and secret_access_key';
    }
  }
  return null;
}

/** Call `faultOfKeys` before. */
export function signRequest(request: SignableRequest, account: ProviderAccount, nowMs: number): Signed {
  const unsigned: Signed = { url: request.url, headers: request.headers, secrets: [], parameters: [] };
  return signingsOf(account).reduce<Signed>((before, signing) => {
    const next = { ...request, url: before.url, headers: before.headers };
    const signed = signOnce(next, signing, account, nowMs);
    return {
      ...signed,
      secrets: [...before.secrets, ...signed.secrets],
      parameters: [...before.parameters, ...signed.parameters],
    };
  }, unsigned);
}

function signOnce(request: SignableRequest, signing: Signing, account: ProviderAccount, nowMs: number): Signed {
  if (signing.in === 'hmac') return signByHmac(request, signing, hmacKeysOf(account, signing), nowMs);
  const keys = awsKeysOf(account.credentials);
  if (keys === null) throw new Error('the account has no keys of AWS');
  return signForAws(request, signing, keys, nowMs);
}
