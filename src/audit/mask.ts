/**
 * Masks secrets in audit entries: by name (headers, query, JSON members, form fields, XML elements), by the account's
 * exact values in any encoding, and by known formats of keys and tokens. It runs inside the intake, so that no caller
 * can forget it.
 */

import { formsOfSecret } from '../encodings/secret-forms.ts';
import { formDecoded } from '../encodings/tolerant.ts';
import { masked, maskJson } from './mask-json.ts';
import { isMultipart, isXml, maskMultipart, maskXml } from './mask-markup.ts';
import { normaliseName, sensitiveMember, sensitiveNameHint, sensitiveParameter } from './sensitive-names.ts';

export { masked } from './mask-json.ts';

export interface Masker {
  headers(headers: Readonly<Record<string, string>>, secrets: readonly string[]): Record<string, string>;
  /** A URL with its query, user and path. */
  url(url: string, secrets: readonly string[]): string;
  /** JSON, a form of either kind, XML, or any other text. */
  body(text: string, secrets: readonly string[]): string;
  /** Free text: error messages. */
  text(text: string, secrets: readonly string[]): string;
}

/** A literal for a fast first search, and the pattern that then matches the secret. */
const knownFormats: readonly { readonly hint: string; readonly pattern: RegExp; readonly keep?: string }[] = [
  { hint: 'AIza', pattern: /AIza[0-9A-Za-z_-]{30,}/g }, // Google API key
  { hint: 'ya29.', pattern: /ya29\.[0-9A-Za-z._-]+/g }, // Google access token
  // JSON Web Token. Tried once per word, and only for words followed by two dots: trying every `eyJ` of a long word
  // took nine seconds for 64 KiB.
  { hint: 'eyJ', pattern: /(?<![\w-])(?=[\w-]+\.[\w-]+\.)([\w-]*?)eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, keep: '$1' },
  { hint: 'earer ', pattern: /([Bb]earer )[0-9A-Za-z._~+/-]+=*/g, keep: '$1' },
  { hint: 'asic ', pattern: /([Bb]asic )(?=[A-Za-z+/]*[0-9=])[0-9A-Za-z+/]{8,}=*/g, keep: '$1' },
  { hint: 'PRIVATE KEY', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g },
  { hint: 'gh', pattern: /gh[pousr]_[0-9A-Za-z]{20,}/g }, // GitHub token
  { hint: 'github_pat_', pattern: /github_pat_[0-9A-Za-z_]{20,}/g },
  { hint: '_live_', pattern: /[rs]k_live_[0-9A-Za-z]{10,}/g }, // Stripe key
  { hint: '_test_', pattern: /[rs]k_test_[0-9A-Za-z]{10,}/g },
  { hint: 'whsec_', pattern: /whsec_[0-9A-Za-z+/=_-]{8,}/g }, // webhook signing secret
  { hint: ':AA', pattern: /(?<![0-9])[0-9]{6,12}:AA[0-9A-Za-z_-]{30,}/g }, // Telegram bot token
  { hint: '@', pattern: /(:\/\/)[^\s/@:"]*:[^\s/@"]+(?=@)/g, keep: '$1' }, // user and password of a URL
];

const freeTextPair =
  /((?:api[_-]?key|access[_-]?token|token|secret|password|passwd|signature|authorization|[?&]key)["']?\s*[=:]\s*["']?)([^\s&"',;})\]]+)/gi;

/**
 * Each level of quoting doubles the backslashes, so no legitimate body has more levels. A string on a deeper level is
 * masked as a whole.
 */
const maxQuotedLevels = 16;

/**
 * Creates a masker. `extraFields` are configured names of headers, parameters and members, compared without case and
 * punctuation.
 */
export function createMasker(extraFields: readonly string[] = []): Masker {
  const extra = new Set(extraFields.map(normaliseName).filter((name) => name !== ''));
  const isSensitiveParameter = sensitiveParameter(extra);
  const isSensitiveMember = sensitiveMember(extra);
  // A configured name may have any spelling, so every body is scanned.
  const extraHint = extra.size > 0;

  const text = (value: string, secrets: readonly string[]): string =>
    maskByValue(value, secrets).replace(freeTextPair, (whole, name: string, secret: string) =>
      /^(?:bearer|basic)$/i.test(secret) || secret.startsWith(masked) ? whole : name + masked,
    );

  const form = (value: string, secrets: readonly string[]): string =>
    value
      .split('&')
      .map((pair) => {
        const split = pair.indexOf('=');
        if (split < 0) return maskByValue(pair, secrets);
        const name = pair.slice(0, split);
        if (split < pair.length - 1 && isSensitiveParameter(formDecoded(name))) return `${name}=${masked}`;
        return `${name}=${maskByValue(pair.slice(split + 1), secrets)}`;
      })
      .join('&');

  const json = (value: string, secrets: readonly string[], depth = 0): string =>
    maskJson(value, isSensitiveMember, (plain) => {
      const byValue = maskByValue(plain, secrets);
      // An API that quotes the request quotes it as a string.
      if (!/^\s*[[{]/.test(byValue)) return byValue;
      return depth < maxQuotedLevels ? json(byValue, secrets, depth + 1) : masked;
    });

  return {
    headers(headers, secrets) {
      const out: Record<string, string> = {};
      for (const [name, value] of Object.entries(headers)) {
        out[name] = isSensitiveParameter(name) ? masked : maskByValue(value, secrets);
      }
      return out;
    },
    url(url, secrets) {
      const query = url.indexOf('?');
      if (query < 0) return maskByValue(url, secrets);
      const fragment = url.indexOf('#', query);
      const end = fragment < 0 ? url.length : fragment;
      const tail = maskByValue(url.slice(end), secrets);
      return `${maskByValue(url.slice(0, query), secrets)}?${form(url.slice(query + 1, end), secrets)}${tail}`;
    },
    body(value, secrets) {
      const byValue = maskByValue(value, secrets);
      if (/^\s*[[{"]/.test(byValue)) {
        if (!extraHint && !sensitiveNameHint.test(byValue)) return byValue;
        return json(byValue, secrets);
      }
      if (/^[^\s=&<>]+=[^\s<>]*$/.test(byValue)) return form(byValue, secrets);
      if (isMultipart(byValue)) return text(maskMultipart(byValue, isSensitiveParameter), secrets);
      if (isXml(byValue)) return text(maskXml(byValue, isSensitiveMember), secrets);
      return text(byValue, secrets);
    },
    text,
  };
}

const plainMasker = createMasker();

/**
 * Masks a provider's message before callers, health and the audit log get it. `secrets` are the account's exact values;
 * a message that quotes the request's URL also quotes its key.
 */
export function maskMessage(message: string, secrets: readonly string[]): string {
  return plainMasker.text(message, secrets);
}

function maskByValue(value: string, secrets: readonly string[]): string {
  let out = value;
  for (const secret of secrets) {
    for (const form of formsOfSecret(secret)) {
      if (out.includes(form)) out = out.replaceAll(form, masked);
      out = withoutBeginningAtEnd(out, form);
    }
  }
  for (const { hint, pattern, keep } of knownFormats) {
    if (out.includes(hint)) out = out.replace(pattern, `${keep ?? ''}${masked}`);
  }
  return out;
}

/** Shorter beginnings are too common to mask. */
const shortestBeginning = 6;

/** Masks the beginning of a secret at the end of a text that was cut in the middle of the secret. */
function withoutBeginningAtEnd(text: string, form: string): string {
  if (form.length <= shortestBeginning) return text;
  const end = text.endsWith('…') ? text.length - 1 : text.length;
  const from = Math.max(0, end - form.length);
  const start = text.slice(from, end).lastIndexOf(form.slice(0, shortestBeginning));
  if (start === -1 || !form.startsWith(text.slice(from + start, end))) return text;
  return text.slice(0, from + start) + masked + text.slice(end);
}
