/** Addresses and ranges as operators and admins write them. */
import ipaddr from 'ipaddr.js';

/** `::ffff:0:0/96` */
const mappedHeadBits = 96;

export type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * An address or CIDR of either family; a bare address is a range of one. Null where it is neither. IPv4 has four decimal
 * parts: the short and octal forms of old (`10.1` is 10.0.0.1 there) are slips of the pen in a list that lets people in,
 * and so is a bare number, as other programs count their proxies.
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

/** Of either family; IPv4 in four decimal parts. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
