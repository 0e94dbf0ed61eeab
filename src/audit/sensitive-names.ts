/** Decides by name which headers, query parameters and JSON members are secret. */

const exact = new Set(
  `authorization auth xauth cookie cookies setcookie pwd passwd passphrase sig assertion sessionid jwt cvv cvc
  otp key appid xamzsecuritytoken xtelegrambotapisecrettoken`.split(/\s+/),
);
const endings =
  `token tokens secret secrets password apikey privatekey privatekeyid accesskey secretkey accesskeyid authkey
  appkey applicationkey encryptionkey functionskey licensekey masterkey sharedkey signingkey subscriptionkey
  signature signature256 authorization credential credentials cookie authheader пароль секрет токен`.split(/\s+/);
/** Names that end like secret ones but are harmless. */
const harmless = new Set(['nextpagetoken', 'pagetoken', 'nextsynctoken', 'synctoken', 'maxtokens', 'totaltokens']);
/** Secret in a header or a query, but a common word in a body. */
const everydayInBodies = new Set(['key', 'auth', 'appid']);

/**
 * A fast check whether a text may contain a secret name, before it is scanned. It looks back from `key` to the text
 * before it: trying every letter as a start took 1.5 times as long.
 */
export const sensitiveNameHint =
  /token|secret|passw|passphrase|pwd|(?<=(?:api|private|access|auth|app|application|encryption|functions|license|master|shared|signing|subscription).?)key|"sig"|signature|authorization|cookie|assertion|credential|session|jwt|cvv|cvc|otp|authheader|пароль|секрет|токен|\\u[0-9a-f]/i;

/** Whether a name is that of a secret. */
export type IsSensitive = (name: string) => boolean;

/** Removes case and punctuation. */
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
