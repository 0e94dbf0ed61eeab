/**
 * `X-Proxy-Path`: the upstream path of a proxied call, in a header. Generated clients encode the slashes of a path
 * parameter (`orders%2F17`), and an encoded slash, which is passed on as it is, makes another path than a plain one.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

const proxyPathHeader = 'x-proxy-path';

/** Printable ASCII without `#`: all other characters of a URL are percent-encoded. */
const urlText = /^[!"$-~]+$/;

/**
 * The URL with the header's path after the service's name, and the header's query if the URL has none. A URL with its
 * own path or query stays unchanged: `faultOfProxyPath` says why. `prefix`: where the proxied APIs lie, without a
 * trailing slash.
 */
export function withProxyPath(url: string, headers: IncomingHttpHeaders, prefix: string): string {
  const said = headers[proxyPathHeader];
  if (typeof said !== 'string' || !urlText.test(said)) return url;
  const [path = '', query] = splitQuery(url);
  const segments = path.split('/');
  const ownPath = segments.slice(prefix.split('/').length + 1).join('/');
  if (ownPath !== '' || !isBelow(path, prefix)) return url;
  const [saidPath = '', saidQuery] = splitQuery(said);
  if (query !== undefined && saidQuery !== undefined) return url;
  const target = `${path.replace(/\/$/, '')}/${saidPath.replace(/^\//, '')}`;
  const asked = saidQuery ?? query;
  return asked === undefined ? target : `${target}?${asked}`;
}

/** Why the header of a proxied request was ignored; null if it was used or is missing. */
export function faultOfProxyPath({ headers, url, originalUrl }: FastifyRequest): string | null {
  const said = headers[proxyPathHeader];
  if (said === undefined || url !== originalUrl) return null;
  if (typeof said !== 'string' || !urlText.test(said)) return 'must be one path, written as it stands in a URL';
  if (said.includes('?') && originalUrl.includes('?')) return 'must not have a query where the URL has one';
  return 'must not be sent where the URL has a path behind the name of the service';
}

/** Recognises every spelling of the prefix: `/api/v1/%70roxy` is the same path. */
function isBelow(path: string, prefix: string): boolean {
  try {
    return decodeURI(path).startsWith(`${prefix}/`);
  } catch {
    // Not a URL: the router refuses it.
    return false;
  }
}

/** What stands before the first question mark, and behind it. */
export function splitQuery(text: string): [string, string?] {
  const at = text.indexOf('?');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
