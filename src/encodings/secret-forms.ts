/** Lists the encodings in which a secret may appear in a URL, a body, a header or an error text. */
import { setBounded } from '../bounded-map.ts';

/** Masking shorter values would remove half of every text. */
const minSecretLength = 4;
/** Few accounts are in use at once; the forms of others are calculated again. */
const maxRemembered = 256;

const remembered = new Map<string, readonly string[]>();

/**
 * Returns the secret plain, JSON-escaped (also twice, and as ASCII), HTML-escaped, percent-encoded in both cases,
 * form-encoded, as hexadecimal, and as base64 at any alignment.
 */
export function formsOfSecret(secret: string): readonly string[] {
  if (secret.length < minSecretLength) return [];
  const known = remembered.get(secret);
  if (known !== undefined) return known;
  const forms = [...new Set(listForms(secret))].filter((form) => form.length >= minSecretLength);
  // Longest first: a shorter form may be part of a longer one, and masking it first would leave the rest.
  forms.sort((a, b) => b.length - a.length);
  setBounded(remembered, secret, forms, maxRemembered);
  return forms;
}

function listForms(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const percent = encodeURIComponent(secret.toWellFormed());
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    escaped,
    escaped.replaceAll('/', '\\/'),
    JSON.stringify(escaped).slice(1, -1),
    ...asciiForms(escaped),
    ...htmlForms(secret),
    percent,
    percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll('%20', '+'),
    encodeURI(secret.toWellFormed()),
    bytes.toString('hex'),
    ...base64Forms(bytes),
  ];
}

/** Python and PHP write JSON in ASCII only; Go and many frameworks also escape characters of HTML. */
function asciiForms(escaped: string): string[] {
  const code = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const forms = [/[^\x20-\x7e]/g, /[<>&]/g, /[^\x20-\x7e]|[<>&']/g].map((plain) => escaped.replaceAll(plain, code));
  return [
    ...forms,
    ...forms.map((form) => form.replaceAll(/\\u[0-9a-f]{4}/g, (unicode) => `\\u${unicode.slice(2).toUpperCase()}`)),
  ];
}

/** As an error page quotes its input, with the apostrophe plain or escaped in one of the usual ways. */
function htmlForms(secret: string): string[] {
  const escaped = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = escaped.replaceAll('"', '&quot;');
  return [
    escaped,
    quoted,
    quoted.replaceAll("'", '&#39;'),
    quoted.replaceAll("'", '&#x27;'),
    quoted.replaceAll("'", '&#039;'),
  ];
}

/**
 * Base64 texts that appear in the base64 of any text that contains the secret, one for each position in a group of
 * three bytes. The characters at both ends, which depend on neighbouring bytes, are left out.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    for (const encoding of ['base64', 'base64url'] as const) {
      const text = padded.toString(encoding).replaceAll('=', '');
      const start = [0, 2, 3][offset] as number;
      const end = padded.length % 3 === 0 ? text.length : text.length - 1;
      // Shorter base64 texts match by chance.
      if (end - start >= 8) forms.push(text.slice(start, end));
    }
  }
  return forms;
}
