/**
 * Builds the URL of a proxied request: always below the service's base URL.
 *
 * A path is checked as the most lenient server might read it: percent-decoded repeatedly, backslashes as slashes,
 * everything after a semicolon dropped. If any segment is then `.` or `..`, the path is refused, however it was
 * written. An accepted path is sent exactly as written, encoded slashes included.
 */
import { formDecoded } from '../../encodings/tolerant.ts';
import { type Words, words } from '../../errors.ts';

/** No legitimate path is encoded more often. */
const maxDecodings = 4;

/** Why the path is refused; null if it is accepted. */
export function faultOfPath(path: string): Required<Words> | null {
  if (/[\\#?]|[^\x21-\x7e]/.test(path)) return words('must be percent-encoded', 'нужно процентное кодирование');
  let decoded = path;
  for (let pass = 0; ; pass += 1) {
    // Some parsers drop tabs and line ends, which joins the dots around them.
    if (/\p{Cc}/u.test(decoded)) return words('must not contain control characters', 'без управляющих знаков');
    const parts = decoded.split(/[/\\]/).map((part) => (part.split(';', 1)[0] as string).trim());
    if (parts.some((part) => part === '.' || part === '..'))
      return words('must not contain "." or ".." as a part', 'без частей «.» и «..»');
    if (!decoded.includes('%')) return null;
    let next: string;
    try {
      next = decodeURIComponent(decoded);
    } catch {
      // In the caller's own spelling this is not a URL; text that appears after decoding may contain any percent sign.
      return pass === 0 ? words('must be percent-encoded UTF-8', 'нужен UTF-8 в процентном кодировании') : null;
    }
    if (next === decoded) return null;
    if (pass === maxDecodings) return words('is encoded too often', 'закодировано слишком много раз');
    decoded = next;
  }
}

/** Throws a RangeError for a path that `faultOfPath` refuses, and for one that would still leave the base URL. */
export function targetUrl(baseUrl: string, path: string, query: string): string {
  const fault = faultOfPath(path);
  if (fault !== null) throw new RangeError(`the path ${fault.message}`);
  const base = new URL(baseUrl);
  const root = base.pathname.replace(/\/+$/, '');
  const url = new URL(`${base.origin}${root}${path === '' ? base.pathname.slice(root.length) : `/${path}`}`);
  if (url.origin !== base.origin || !isBelow(url.pathname, root)) throw new RangeError('the path leaves the base URL');
  url.search = query;
  return url.href;
}

export function isBelow(pathname: string, root: string): boolean {
  return root === '' || pathname === root || pathname.startsWith(`${root}/`);
}

/** Replaces all parameters of this name by one at the end of the query; null: removes them. */
export function withParameter(query: string, name: string, value: string | null): string {
  const rest = withoutParameter(query, name);
  if (value === null) return rest;
  const own = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return rest === '' ? own : `${rest}&${own}`;
}

/** Removes the parameters of this name, in any encoding, and keeps all others as written. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((pair) => formDecoded(pair.split('=', 1)[0] as string) !== name)
    .join('&');
}
