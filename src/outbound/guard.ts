/**
 * Decides which addresses an outbound request may reach. Tenants configure base URLs, so every address is checked:
 * addresses that are not public are refused unless the operator allowed them (`OUTBOUND_ALLOWED_NETWORKS`).
 *
 * The connection resolves a name once, every resulting address must pass, and the socket opens to one of them. No
 * second look-up can return a different address (DNS rebinding).
 */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { TransportError } from './exchange.ts';

/** Public by its range, but reachable only inside a cloud machine: Azure's host agent. */
const metadataAddresses = new Set(['168.63.129.16']);
const globalUnicastV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Whether the address is public unicast; false for invalid addresses and unusual notations. */
export function isPublicAddress(address: string): boolean {
  // Node's check is stricter: ipaddr.js also accepts 1.2.3 and 0x7f.1. A zone (fe80::1%eth0) names a local link.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed.kind() === 'ipv4') return !metadataAddresses.has(parsed.toString());
  const v6 = parsed as ipaddr.IPv6;
  // Outside 2000::/3 are IPv4-compatible addresses (::a.b.c.d) and unassigned ones.
  return v6.match(globalUnicastV6) && !isIsatap(v6);
}

/** RFC 5214: the interface id contains an IPv4 address, which a tunnel would unpack. */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [high, low] = [address.parts[4], address.parts[5]];
  return low === 0x5efe && (high === 0 || high === 0x200);
}

/** Private networks and single endpoints that the operator allowed. */
export interface AllowedNetworks {
  hasAddress(address: string): boolean;
  /** Both as in a URL: lower case, IPv6 in brackets; the port is never empty. */
  hasEndpoint(hostname: string, port: string): boolean;
}

/**
 * Parses CIDRs, addresses and `host:port`. Throws a TypeError for anything else; `parseConfig` refuses such values
 * earlier.
 */
export function parseAllowedNetworks(entries: readonly string[]): AllowedNetworks {
  const networks: [ipaddr.IPv4 | ipaddr.IPv6, number][] = [];
  const endpoints = new Set<string>();
  for (const entry of entries) {
    if (ipaddr.isValidCIDR(entry)) networks.push(ipaddr.parseCIDR(entry));
    else if (ipaddr.isValid(entry)) {
      const address = ipaddr.parse(entry);
      networks.push([address, address.kind() === 'ipv4' ? 32 : 128]);
    } else if (/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}$/i.test(entry)) endpoints.add(entry.toLowerCase());
    else throw new TypeError(`"${entry}" is neither a CIDR nor host:port`);
  }
  return {
    hasAddress(address) {
      if (isIP(address) === 0) return false;
      // ::ffff:10.0.0.1 reaches 10.0.0.1, so the same rule applies.
      const parsed = ipaddr.process(address);
      return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits));
    },
    hasEndpoint: (hostname, port) => endpoints.has(`${hostname}:${port}`),
  };
}

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** The URL's port, or its scheme's default. */
export function portOf(url: URL): string {
  return url.port || (defaultPorts[url.protocol] ?? '');
}

/** Resolves a name to all its addresses, as `dns.lookup` with `all` does. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Checks a URL without resolving its name: http or https, no user information, no unusual form of an address (octal,
 * hexadecimal, one number), and no literal private address. Throws `TransportError` (`blocked`).
 */
export function parseOutboundUrl(text: string, allowed: AllowedNetworks): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw blocked('it is not a URL', cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw blocked('only http and https URLs are allowed');
  if (url.username !== '' || url.password !== '') throw blocked('the URL must not contain a user name or password');
  if (isEmulatorControl(url.pathname)) throw blocked('the control API of an emulator must not be called');
  if (allowed.hasEndpoint(url.hostname, portOf(url))) return url;

  const literal = literalAddress(url.hostname);
  if (literal === null) return url;
  if (!url.hostname.startsWith('[') && !text.includes(url.hostname)) {
    throw blocked('an IPv4 address must be written as four decimal numbers');
  }
  if (!isPublicAddress(literal) && !allowed.hasAddress(literal)) {
    throw blocked('the address is not public, and OUTBOUND_ALLOWED_NETWORKS does not name it');
  }
  return url;
}

/** Tenants may call the emulator as a provider, but must not control its faults. */
function isEmulatorControl(pathname: string): boolean {
  try {
    return /^[/\\]+__emulator(?:[/\\]|$)/i.test(decodeURIComponent(pathname));
  } catch {
    return /__emulator/i.test(pathname);
  }
}

/** The literal address in a URL's host; null if it is a name. */
function literalAddress(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

/**
 * Creates the look-up for connections to one origin. If one of a name's addresses is not allowed, the look-up fails.
 */
export function guardedLookup(origin: URL, allowed: AllowedNetworks, resolve: ResolveAll): LookupFunction {
  const endpointAllowed = allowed.hasEndpoint(origin.hostname, portOf(origin));
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const refused = endpointAllowed
        ? undefined
        : addresses.find(({ address }) => !isPublicAddress(address) && !allowed.hasAddress(address));
      if (refused !== undefined) return callback(blocked('the name resolves to an address that is not public'), '', 0);
      const [first] = addresses;
      if (first === undefined) return callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
      if (options.all === true) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/** The reason is only in the cause, for our log; the public message contains no address. */
function blocked(reason: string, cause?: unknown): TransportError {
  return new TransportError('blocked', false, new Error(reason, cause === undefined ? undefined : { cause }));
}
