/**
 * The only client for outgoing HTTP: an undici pool per origin, behind the address guard.
 *
 * Guarantees: no request reaches an address that the guard refuses; every request ends by its deadline, whether queued,
 * connecting, waiting for headers or reading; redirects are not followed; no more of a reply is kept than requested.
 * Requests go directly to the pool, because undici's own `request()` creates a stream per reply and most callers need
 * whole bodies.
 */
import { lookup as dnsLookup } from 'node:dns';
import { remembered } from '../bounded-map.ts';
import { createDeadlines } from '../resilience/deadline.ts';
import { exchange, type OutboundRequest } from './dispatch-request.ts';
import { type OpenReply, type OpenRequest, type ProviderReply, TransportError } from './exchange.ts';
import { toTransportError } from './faults.ts';
import {
  type AllowedNetworks,
  guardedLookup,
  parseAllowedNetworks,
  parseOutboundUrl,
  portOf,
  type ResolveAll,
} from './guard.ts';
import { countPending, createOrigins, type Origin, type OriginLimits } from './origin.ts';
import { shareLookups } from './share-lookups.ts';
import { dispatchStream } from './stream-exchange.ts';
import { flattenHeaders, outgoingHeaders } from './wire-headers.ts';

export interface OutboundOptions extends OriginLimits {
  /** CIDRs, addresses or `host:port` that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** The in-process emulator's origin, which is on the loopback. */
  readonly emulatorOrigin?: string | null;
  /** Maximum requests in progress or waiting for a socket at one origin; more are refused at once. Default 2,048. */
  readonly maxPendingPerOrigin?: number;
  /** For tests: resolves names. */
  readonly resolve?: ResolveAll;
}

/** A streamed request with its deadline. */
export interface OutboundStream extends OpenRequest, Pick<OutboundRequest, 'deadlineAtMs' | 'signal' | 'timing'> {}

export interface Outbound {
  /** Returns the whole decoded reply. Throws `TransportError`. */
  request(request: OutboundRequest): Promise<ProviderReply>;
  /** Returns the head of the reply, by the deadline, and streams its body. Throws `TransportError`. */
  open(request: OutboundStream): Promise<OpenReply>;
  /** Throws `TransportError` (`blocked`, `dns`) if a request to `url` would be refused; opens no connection. */
  check(url: string): Promise<void>;
  /** Waits for requests in progress, at most `graceMs` (default 5,000), then aborts them. */
  close(graceMs?: number): Promise<void>;
}

/** Creates the client. */
export function createOutbound(options: OutboundOptions): Outbound {
  const emulator = options.emulatorOrigin ? new URL(options.emulatorOrigin) : null;
  const allowed = parseAllowedNetworks([
    ...options.allowedNetworks,
    ...(emulator === null ? [] : [`${emulator.hostname}:${portOf(emulator)}`]),
  ]);
  const resolve = shareLookups(options.resolve ?? dnsLookup);
  const maxPending = options.maxPendingPerOrigin ?? 2_048;
  const origins = createOrigins({
    ...options,
    lookupOf: (url) => guardedLookup(url, allowed, resolve),
  });
  const read = createAddressReader(allowed);
  const deadlines = createDeadlines();
  let closed = false;

  const enter = (text: string): { readonly path: string; readonly origin: Origin } => {
    const { path, origin: name } = read(text);
    if (closed) throw new TransportError('aborted', false, new Error('the service is stopping'));
    const origin = origins.of(name);
    if (origin.pending >= maxPending) {
      throw new TransportError('refused', false, new Error('too many requests wait for this origin'));
    }
    return { path, origin };
  };

  return {
    request(request) {
      try {
        const { path, origin } = enter(request.url);
        return exchange(origin, path, request, deadlines);
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async open(request) {
      const { path, origin } = enter(request.url);
      const terms = {
        method: request.method,
        path,
        headers: outgoingHeaders(request.headers),
        body: request.body ?? null,
        remainingMs: request.deadlineAtMs - Date.now(),
        idleMs: request.idleMs,
        signal: request.signal ?? null,
        timing: request.timing ?? null,
      };
      const release = countPending(origin);
      try {
        const { status, headers, body } = await dispatchStream(origin.pool, terms, release);
        return { status, headers: flattenHeaders(headers), body };
      } catch (error) {
        release();
        throw error;
      }
    },

    async check(text) {
      const url = parseOutboundUrl(text, allowed);
      if (/^(\[.*\]|[\d.]+)$/.test(url.hostname)) return;
      const lookup = guardedLookup(url, allowed, resolve);
      await new Promise<void>((found, reject) => {
        lookup(url.hostname, { all: true }, (error) => (error ? reject(toTransportError(error, false)) : found()));
      });
    },

    close(graceMs = 5_000) {
      closed = true;
      return origins.close(graceMs);
    },
  };
}

interface AddressParts {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
}

/** A query that URL parsing leaves unchanged. */
const plainQuery = /^\?[\w%=&+*.~-]+$/;

/** Creates a parser of allowed addresses. It throws `TransportError` (`blocked`) for other addresses. */
function createAddressReader(allowed: AllowedNetworks): (text: string) => AddressParts {
  const partsOf = (text: string): AddressParts => {
    const { origin, pathname, search } = parseOutboundUrl(text, allowed);
    return { origin, path: pathname + search };
  };
  /** Cached, because a provider is mostly called at one address with different parameters. */
  const withoutQuery = remembered(partsOf, { generationSize: 1_024, longest: 500 });

  return (text) => {
    const at = text.indexOf('?');
    if (at === -1 || !plainQuery.test(text.slice(at)) || text.lastIndexOf('#', at) !== -1) return partsOf(text);
    const { origin, path } = withoutQuery(text.slice(0, at));
    return { origin, path: path + text.slice(at) };
  };
}
