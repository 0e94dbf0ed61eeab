/**
 * The one way out: an undici pool per origin behind the address guard.
 *
 * Guarantees: nothing is sent to an address that the guard refuses; every request ends by its deadline, whether in the
 * queue, connecting, waiting for headers or reading; no redirect is followed; no more of a reply is kept than asked for.
 * The request is dispatched straight to the pool: undici's own `request()` costs a stream a reply, and we want whole
 * bodies only.
 */
import { lookup as dnsLookup } from 'node:dns';
import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import type { Logger } from '../logger.ts';
import { serviceName, version } from '../version.ts';
import { acceptedEncodings, decodeBody } from './decode.ts';
import {
  type OpenReply,
  type OpenRequest,
  type ProviderReply,
  type ProviderRequest,
  TransportError,
} from './exchange.ts';
import { toTransportError } from './faults.ts';
import { guardedLookup, parseAllowedNetworks, parseOutboundUrl, portOf, type ResolveAll } from './guard.ts';
import { shareLookups } from './share-lookups.ts';
import { dispatchStream } from './stream-exchange.ts';

const defaultMaxReplyBytes = 16 * 1024 * 1024;
const keepAliveMs = 30_000;
const maxConnectMs = 10_000;
/** How long the body of an answer is read on where its status is what counts. */
const cutBodyAfterMs = 1_000;

export interface OutboundOptions {
  /** CIDRs, addresses or `host:port` that may be reached though they are not public. */
  readonly allowedNetworks: readonly string[];
  /** The in-process emulator's origin, which is on the loopback. */
  readonly emulatorOrigin?: string | null;
  readonly logger?: Logger;
  /** Pools kept; the one used longest ago is closed for a new one. Default 256. */
  readonly maxOrigins?: number;
  /** Sockets to one origin: streams hold theirs for long. Default 1,024. */
  readonly maxConnectionsPerOrigin?: number;
  /** Requests under way or waiting for a socket at one origin; beyond it they are refused at once. Default 2,048. */
  readonly maxPendingPerOrigin?: number;
  /** For tests: how names resolve. */
  readonly resolve?: ResolveAll;
}

export interface OutboundRequest extends ProviderRequest {
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
  readonly signal?: AbortSignal | null;
}

export interface OutboundStream extends OpenRequest, Pick<OutboundRequest, 'deadlineAtMs' | 'signal'> {}

export interface Outbound {
  /** The whole reply, decoded. Throws `TransportError`. */
  request(request: OutboundRequest): Promise<ProviderReply>;
  /** The head of the reply by the deadline, and its body as it comes. Throws `TransportError`. */
  open(request: OutboundStream): Promise<OpenReply>;
  /** Throws `TransportError` (`blocked`, `dns`) where a request to `url` would be refused; opens no connection. */
  check(url: string): Promise<void>;
  /** Lets requests under way end, at most `graceMs` (default 5,000), then cuts them. */
  close(graceMs?: number): Promise<void>;
}

interface Origin {
  readonly pool: Pool;
  /** Those that the pool has not let go of yet: one whose caller has left may still stand in its queue. */
  pending: number;
}

export function createOutbound(options: OutboundOptions): Outbound {
  const emulator = options.emulatorOrigin ? new URL(options.emulatorOrigin) : null;
  const allowed = parseAllowedNetworks([
    ...options.allowedNetworks,
    ...(emulator === null ? [] : [`${emulator.hostname}:${portOf(emulator)}`]),
  ]);
  const resolve = shareLookups(options.resolve ?? dnsLookup);
  const maxOrigins = options.maxOrigins ?? 256;
  const maxPending = options.maxPendingPerOrigin ?? 2_048;
  /** In order of use, the oldest first. */
  const origins = new Map<string, Origin>();
  let closed = false;

  function originOf(url: URL): Origin {
    const known = origins.get(url.origin);
    if (known !== undefined) {
      origins.delete(url.origin);
      origins.set(url.origin, known);
      return known;
    }
    if (origins.size >= maxOrigins) closeLeastRecentlyUsed();
    const pool = new Pool(url.origin, {
      connections: options.maxConnectionsPerOrigin ?? 1_024,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      // The attempt's own deadline ends every phase; a second set of timers would only disagree with it.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: maxConnectMs, lookup: guardedLookup(url, allowed, resolve) },
    });
    const opened: Origin = { pool, pending: 0 };
    origins.set(url.origin, opened);
    return opened;
  }

  function closeLeastRecentlyUsed(): void {
    for (const [name, { pool }] of origins) {
      origins.delete(name);
      // Ends once its requests have: they keep their sockets, new ones get a new pool.
      pool.close().catch((error: unknown) => options.logger?.debug({ err: error }, 'an outbound pool closed badly'));
      return;
    }
  }

  const enter = (text: string): { readonly url: URL; readonly origin: Origin } => {
    const url = parseOutboundUrl(text, allowed);
    if (closed) throw new TransportError('aborted', false, new Error('the service is stopping'));
    const origin = originOf(url);
    if (origin.pending >= maxPending) {
      throw new TransportError('refused', false, new Error('too many requests wait for this origin'));
    }
    return { url, origin };
  };

  return {
    async request(request) {
      const { url, origin } = enter(request.url);
      return exchange(origin, url, request);
    },

    async open(request) {
      const { url, origin } = enter(request.url);
      origin.pending += 1;
      const terms = {
        method: request.method,
        path: url.pathname + url.search,
        headers: outgoingHeaders(request.headers),
        body: request.body ?? null,
        remainingMs: request.deadlineAtMs - Date.now(),
        idleMs: request.idleMs,
        signal: request.signal ?? null,
      };
      let isLetGo = false;
      const letGo = (): void => {
        if (!isLetGo) origin.pending -= 1;
        isLetGo = true;
      };
      try {
        const { status, headers, body } = await dispatchStream(origin.pool, terms, letGo);
        return { status, headers: flattenHeaders(headers), body };
      } catch (error) {
        letGo();
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

    async close(graceMs = 5_000) {
      closed = true;
      const pools = [...origins.values()].map(({ pool }) => pool);
      origins.clear();
      let cut: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((over) => {
        cut = setTimeout(over, graceMs);
      });
      await Promise.race([Promise.allSettled(pools.map((pool) => pool.close())), grace]);
      clearTimeout(cut);
      await Promise.allSettled(pools.map((pool) => pool.destroy()));
    },
  };
}

/** One request on one pool, from the queue to the decoded body. */
async function exchange(origin: Origin, url: URL, request: OutboundRequest): Promise<ProviderReply> {
  const maxReplyBytes = request.maxReplyBytes ?? defaultMaxReplyBytes;
  const raw = await dispatch(origin, url, request, maxReplyBytes);
  const headers = flattenHeaders(raw.headers);
  const encoding = headers['content-encoding'];
  if (encoding === undefined) return { status: raw.status, headers, body: raw.body };
  const decoding = decodeBody(raw.body, encoding, maxReplyBytes);
  const body = await (request.cutsReply === true ? decoding.catch(() => Buffer.alloc(0)) : decoding);
  // They described the bytes on the wire, which nobody sees from here on.
  delete headers['content-encoding'];
  delete headers['content-length'];
  return { status: raw.status, headers, body };
}

interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function dispatch(origin: Origin, url: URL, request: OutboundRequest, maxReplyBytes: number): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    const remainingMs = request.deadlineAtMs - Date.now();
    if (signal?.aborted) return reject(new TransportError('aborted', false, signal.reason));
    if (remainingMs <= 0) return reject(new TransportError('timeout', false));

    let started = false;
    let settled = false;
    let abortWire: ((reason: Error) => void) | null = null;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let receivedBytes = 0;
    const chunks: Buffer[] = [];

    let cutTimer: NodeJS.Timeout | undefined;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      clearTimeout(cutTimer);
      signal?.removeEventListener('abort', onAbort);
      return true;
    };
    const reply = (): RawReply => {
      const [only] = chunks;
      return { status, headers, body: chunks.length === 1 && only ? only : Buffer.concat(chunks) };
    };
    const fail = (error: TransportError): void => {
      if (!settle()) return;
      // A request still in the pool's queue has no wire yet; it is dropped when its turn comes (onRequestStart).
      abortWire?.(error);
      if (request.cutsReply === true && status > 0 && error.fault !== 'aborted') resolve(reply());
      else reject(error);
    };
    const onAbort = (): void => fail(new TransportError('aborted', started, signal?.reason));
    const timer = setTimeout(() => fail(new TransportError('timeout', started)), remainingMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    origin.pending += 1;
    let isLetGo = false;
    const letGo = (): void => {
      if (!isLetGo) origin.pending -= 1;
      isLetGo = true;
    };
    origin.pool.dispatch(
      {
        path: url.pathname + url.search,
        method: request.method,
        headers: outgoingHeaders(request.headers),
        body: request.body ?? null,
      },
      {
        onRequestStart(controller) {
          // Thrown, for it drops the request alone: `abort` would close the connection that others wait for.
          if (settled) throw new Error('nobody waits for this request any more');
          started = true;
          abortWire = (reason) => controller.abort(reason);
        },
        onResponseStart(_controller, statusCode, replyHeaders) {
          if (statusCode < 200) return;
          status = statusCode;
          headers = replyHeaders;
          const announced = Number(replyHeaders['content-length']);
          if (request.cutsReply === true) {
            cutTimer = setTimeout(() => fail(new TransportError('timeout', true)), cutBodyAfterMs);
          } else if (request.method !== 'HEAD' && announced > maxReplyBytes) {
            fail(new TransportError('too-large', true));
          }
        },
        onResponseData(_controller, chunk) {
          receivedBytes += chunk.length;
          if (receivedBytes <= maxReplyBytes) chunks.push(chunk);
          else {
            if (request.cutsReply === true)
              chunks.push(chunk.subarray(0, maxReplyBytes - receivedBytes + chunk.length));
            fail(new TransportError('too-large', true));
          }
        },
        onResponseEnd() {
          letGo();
          if (settle()) resolve(reply());
        },
        onResponseError(_controller, error) {
          letGo();
          fail(toTransportError(error, started));
        },
      },
    );
  });
}

/** Names in lower case, so that a caller's `User-Agent` replaces ours instead of standing beside it. */
function outgoingHeaders(given: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': `${serviceName}/${version}`,
    'accept-encoding': acceptedEncodings,
  };
  for (const name in given) headers[name.toLowerCase()] = given[name] as string;
  return headers;
}

function flattenHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
