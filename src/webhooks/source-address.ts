/** Who really sent a delivery, and whether it may. */
import ipaddr from 'ipaddr.js';

/** `::ffff:0:0/96` */
const mappedHeadBits = 96;

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * An address or CIDR of either family; a bare address is a range of one. Null where it is neither. IPv4 has four decimal
 * parts: the short and octal forms of old (`10.1` is 10.0.0.1 there) are slips of the pen in a list that lets people in.
 */
export function parseRange(text: string): Range | null {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) {
    return unmapped(...ipaddr.parseCIDR(text));
  }
  if (!isAddress(text)) return null;
  const address = ipaddr.parse(text);
  return unmapped(address, address.kind() === 'ipv4' ? 32 : 128);
}

/** A range of IPv4 addresses in their IPv6 dress is one of IPv4: senders' addresses are matched as that. */
function unmapped(network: ipaddr.IPv4 | ipaddr.IPv6, bits: number): Range {
  const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= mappedHeadBits;
  return isMapped ? [network.toIPv4Address(), bits - mappedHeadBits] : [network, bits];
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** IPv4 addresses that arrive over an IPv6 socket (`::ffff:1.2.3.4`) are their IPv4 selves. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return isAddress(text) ? ipaddr.process(text) : null;
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Range[]): boolean {
  return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

/** Compiles a list once; entries that are no range are left out (they are refused when a webhook is written). */
export function compileRanges(texts: readonly string[]): readonly Range[] {
  return texts.map(parseRange).filter((range) => range !== null);
}

/** An empty list allows everyone. */
export function isAllowedAddress(address: string | null, allowed: readonly Range[]): boolean {
  if (allowed.length === 0) return true;
  const parsed = address === null ? null : parseAddress(address);
  return parsed !== null && isWithin(parsed, allowed);
}

/**
 * The sender's address: the socket's peer, or, where the peer is a trusted proxy, the right-most entry of
 * `X-Forwarded-For` that is no trusted proxy itself. Entries left of it are whatever the sender wrote.
 */
export function sourceAddressOf(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: readonly Range[],
): string | null {
  const hops = [...(forwardedFor?.split(',') ?? []).slice(-50), peer ?? ''].map((hop) => parseAddress(hop.trim()));
  let source: ipaddr.IPv4 | ipaddr.IPv6 | null = null;
  for (const hop of hops.reverse()) {
    if (hop === null) break; // Rubbish ends the chain: what stands left of it cannot be believed.
    source = hop;
    if (!isWithin(hop, trusted)) break;
  }
  return source?.toString() ?? null;
}
