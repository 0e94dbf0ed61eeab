/** Which headers, query parameters and JSON members carry a secret by their name. */

const exact = new Set([
  'authorization',
  'auth',
  'xauth',
  'cookie',
  'cookies',
  'setcookie',
  'pwd',
  'passwd',
  'passphrase',
  'sig',
  'assertion',
  'sessionid',
  'jwt',
  'cvv',
  'cvc',
  'otp',
  'key',
  'appid',
  'xamzsecuritytoken',
  'xtelegrambotapisecrettoken',
]);
const endings = [
  'token',
  'tokens',
  'secret',
  'secrets',
  'password',
  'apikey',
  'privatekey',
  'privatekeyid',
  'accesskey',
  'secretkey',
  'accesskeyid',
  'authkey',
  'appkey',
  'applicationkey',
  'encryptionkey',
  'functionskey',
  'licensekey',
  'masterkey',
  'sharedkey',
  'signingkey',
  'subscriptionkey',
  'signature',
  'signature256',
  'authorization',
  'credential',
  'credentials',
  'cookie',
  'authheader',
  'пароль',
  'секрет',
  'токен',
];
/** Names that end like a secret's and are none. */
const harmless = new Set(['nextpagetoken', 'pagetoken', 'nextsynctoken', 'synctoken', 'maxtokens', 'totaltokens']);
/** Secret in a header or a query, an everyday word in a body. */
const everydayInBodies = new Set(['key', 'auth', 'appid']);

/**
 * Something in the text may be such a name: a cheap first look before the text is scanned. What stands before `key` is
 * looked back at: tried at every letter instead, so many beginnings took half as long again.
 */
export const sensitiveNameHint =
  /token|secret|passw|passphrase|pwd|(?<=(?:api|private|access|auth|app|application|encryption|functions|license|master|shared|signing|subscription).?)key|"sig"|signature|authorization|cookie|assertion|credential|session|jwt|cvv|cvc|otp|authheader|пароль|секрет|токен|\\u[0-9a-f]/i;

export type IsSensitive = (name: string) => boolean;

export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9\u0400-\u04ff]/g, '');
}

function isSensitive(normalised: string): boolean {
  if (harmless.has(normalised)) return false;
  return exact.has(normalised) || endings.some((ending) => normalised.endsWith(ending));
}

/** For headers, query parameters and forms. `extra` are configured names. */
export function sensitiveParameter(extra: ReadonlySet<string>): IsSensitive {
  return (name) => {
    const normalised = normaliseName(name);
    return extra.has(normalised) || isSensitive(normalised);
  };
}

/** For members of JSON bodies. */
export function sensitiveMember(extra: ReadonlySet<string>): IsSensitive {
  return (name) => {
    const normalised = normaliseName(name);
    return extra.has(normalised) || (!everydayInBodies.has(normalised) && isSensitive(normalised));
  };
}
