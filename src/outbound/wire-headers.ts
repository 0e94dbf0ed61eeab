/** Headers of requests to providers and of their replies. */
import type { IncomingHttpHeaders } from 'node:http';
import { serviceName, version } from '../version.ts';
import { acceptedEncodings } from './decode.ts';

/** Adds our default headers. Names are in lower case, so that a caller's `User-Agent` replaces ours. */
export function outgoingHeaders(given: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': `${serviceName}/${version}`,
    'accept-encoding': acceptedEncodings,
  };
  for (const name in given) headers[name.toLowerCase()] = given[name] as string;
  return headers;
}

/** Joins repeated headers by `, `. */
export function flattenHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
