/** Determines the address of a delivery's sender, and whether it is allowed. */
import ipaddr from 'ipaddr.js';
import { isAddress, parseRange, type Range } from '../../ip-range.ts';

/** IPv4 addresses that arrive over an IPv6 socket (`::ffff:1.2.3.4`) are their IPv4 selves. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return isAddress(text) ? ipaddr.process(text) : null;
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Range[]): boolean {
  return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

/** Compiles a list once; invalid entries are skipped (they are refused when a webhook is written). */
export function compileRanges(texts: readonly string[]): readonly Range[] {
  return texts.map(parseRange).filter((range) => range !== null);
}

/** An empty list allows everyone. */
export function isAllowedAddress(address: string | null, allowed: readonly Range[]): boolean {
  if (allowed.length === 0) return true;
  const parsed = address === null ? null : parseAddress(address);
  return parsed !== null && isWithin(parsed, allowed);
}

/** Headers in which proxies name the client. */
export interface ForwardingHeaders {
  /** `X-Forwarded-For`. */
  readonly forwardedFor: string | undefined;
  /** `Forwarded` (RFC 7239). Used only without `X-Forwarded-For`. */
  readonly forwarded: string | undefined;
}

/**
 * The sender's address: the socket's peer or, if that is a trusted proxy, the right-most entry of `X-Forwarded-For`,
 * else of `Forwarded`, that is not a trusted proxy. The sender controls the entries left of it.
 */
export function sourceAddressOf(
  peer: string | undefined,
  { forwardedFor, forwarded }: ForwardingHeaders,
  trusted: readonly Range[],
): string | null {
  const entries = forwardedFor?.trim() ? forwardedFor.split(',') : forwardedEntries(forwarded ?? '');
  const hops = [...entries.slice(-50), peer ?? ''].map(parseHop);
  let source: ipaddr.IPv4 | ipaddr.IPv6 | null = null;
  for (const hop of hops.reverse()) {
    if (hop === null) break; // An invalid entry ends the chain: entries left of it cannot be trusted.
    source = hop;
    if (!isWithin(hop, trusted)) break;
  }
  return source?.toString() ?? null;
}

/** An address as proxies write it: plain, in brackets, with a port, in quotes. null for names and hidden addresses. */
function parseHop(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const hop = text.trim().replace(/^"(.*)"$/, '$1');
  const withPort = /^(?:\[([^\]]+)\]|([\d.]+))(?::[\w.-]+)?$/.exec(hop);
  return parseAddress((withPort?.[1] ?? withPort?.[2] ?? hop).trim());
}

const forwardedElement = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g;
const forwardedPair = /(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^",;]*)/i;

/** The `for` of each element, in order; an element without one is a hidden hop. */
function forwardedEntries(header: string): string[] {
  return (header.match(forwardedElement) ?? []).map((element) =>
    (forwardedPair.exec(element)?.[1] ?? 'unknown').replaceAll(/\\(.)/g, '$1'),
  );
}
