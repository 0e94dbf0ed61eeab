/** Parses the addresses and CIDR ranges that operators write in settings. */
import ipaddr from 'ipaddr.js';

/** `::ffff:0:0/96` */
const mappedHeadBits = 96;

/** A network and its prefix length in bits. */
export type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Parses an IPv4 or IPv6 address or CIDR; a single address is a range of one. Returns null for anything else. IPv4
 * needs four decimal parts: old short and octal forms (`10.1` means 10.0.0.1) and bare numbers are more likely typing
 * errors, and this list lets callers in.
 */
export function parseRange(text: string): Range | null {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) {
    return unmapped(...ipaddr.parseCIDR(text));
  }
  if (!isAddress(text)) return null;
  const address = ipaddr.parse(text);
  return unmapped(address, address.kind() === 'ipv4' ? 32 : 128);
}

/** Converts IPv4-mapped IPv6 ranges (`::ffff:10.0.0.0/104`) to IPv4, because callers' addresses are matched as IPv4. */
function unmapped(network: ipaddr.IPv4 | ipaddr.IPv6, bits: number): Range {
  const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= mappedHeadBits;
  return isMapped ? [network.toIPv4Address(), bits - mappedHeadBits] : [network, bits];
}

/** Whether the text is an IPv6 address, or an IPv4 address of four decimal parts. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
