/**
 * Rewrites addresses in an upstream's headers (`Location`, `Content-Location`, `Link`): those below the service's base
 * URL lead back through the gateway, all others stay.
 */
import { isUtf8 } from 'node:buffer';
import type { ExternalService } from '../directory/service.ts';
import { isBelow } from '../providers/http/target-url.ts';

/** `requestUrl`: the requested URL, which relative addresses refer to. */
export function throughGateway(
  address: string,
  requestUrl: string,
  { baseUrl, serviceName }: Pick<ExternalService, 'baseUrl' | 'serviceName'>,
): string {
  const text = asWritten(address);
  if (baseUrl === null || !URL.canParse(text, requestUrl)) return address;
  const base = new URL(baseUrl);
  const target = new URL(text, requestUrl);
  const root = base.pathname.replace(/\/+$/, '');
  if (target.origin !== base.origin || !isBelow(target.pathname, root)) return address;
  return `/api/v1/proxy/${serviceName}${target.pathname.slice(root.length)}${target.search}${target.hash}`;
}

/** `<address>; rel="next", <address>…`: only the text in angle brackets is an address (RFC 8288, 3). */
export function linksThroughGateway(
  header: string,
  requestUrl: string,
  service: Pick<ExternalService, 'baseUrl' | 'serviceName'>,
): string {
  return header.replaceAll(/(^|[,;\s])<([^<>]*)>/g, (_whole, before: string, address: string) => {
    return `${before}<${throughGateway(address, requestUrl, service)}>`;
  });
}

/** Node reads headers byte by byte; many servers write UTF-8 into them. */
function asWritten(address: string): string {
  const bytes = Buffer.from(address, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : address;
}
