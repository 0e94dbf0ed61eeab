/**
 * Where a handed-on request goes: below the service's base URL, and nowhere else.
 *
 * A path is read as the most careless server might read it: percent-decoded again and again, backslashes as slashes, what
 * follows a semicolon dropped. If any part is then `.` or `..` it is refused, however it was written. What passes goes out
 * as it was written, encoded slashes and all.
 */

/** Deeper encodings than this are nobody's honest path. */
const maxDecodings = 4;

/** Why the path is refused, or null. */
export function faultOfPath(path: string): string | null {
  if (/[\\#?]|[^\x21-\x7e]/.test(path)) return 'must be percent-encoded';
  let decoded = path;
  for (let pass = 0; ; pass += 1) {
    // Some parsers drop tabs and line ends, and join the dots around them.
    if (/\p{Cc}/u.test(decoded)) return 'must not contain control characters';
    const parts = decoded.split(/[/\\]/).map((part) => (part.split(';', 1)[0] as string).trim());
    if (parts.some((part) => part === '.' || part === '..')) return 'must not contain "." or ".." as a part';
    if (!decoded.includes('%')) return null;
    let next: string;
    try {
      next = decodeURIComponent(decoded);
    } catch {
      // Written so by the caller it is no URL; what appears after decoding may hold any percent sign.
      return pass === 0 ? 'must be percent-encoded UTF-8' : null;
    }
    if (next === decoded) return null;
    if (pass === maxDecodings) return 'is encoded too often';
    decoded = next;
  }
}

/** Throws a RangeError for what `faultOfPath` refuses, and for what would leave the base URL all the same. */
export function targetUrl(baseUrl: string, path: string, query: string): string {
  const fault = faultOfPath(path);
  if (fault !== null) throw new RangeError(`the path ${fault}`);
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

/** The query with one parameter of this name, at its end, in place of the caller's; null: with none. */
export function withParameter(query: string, name: string, value: string | null): string {
  const rest = withoutParameter(query, name);
  if (value === null) return rest;
  const own = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return rest === '' ? own : `${rest}&${own}`;
}

/** The query without the parameters of this name, however the name is encoded, and all others as they were written. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((pair) => decodeName(pair.split('=', 1)[0] as string) !== name)
    .join('&');
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
