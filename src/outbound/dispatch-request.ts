/** Sends one request through a pool and reads the decoded body. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Deadlines } from '../resilience/deadline.ts';
import { decodeBody } from './decode.ts';
import { type ExchangeTiming, type ProviderReply, type ProviderRequest, TransportError } from './exchange.ts';
import { toTransportError } from './faults.ts';
import { countPending, type Origin } from './origin.ts';
import { flattenHeaders, outgoingHeaders } from './wire-headers.ts';

const defaultMaxReplyBytes = 16 * 1024 * 1024;

/** With `cutsReply`: how long the body is read after the head. */
const cutBodyAfterMs = 1_000;

/** A request with its deadline. */
export interface OutboundRequest extends ProviderRequest {
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
  readonly signal?: AbortSignal | null;
  /** Filled in while the request runs. */
  readonly timing?: ExchangeTiming;
}

/** Sends the request; `path` includes the query. Rejects with `TransportError`. */
export function exchange(
  origin: Origin,
  path: string,
  request: OutboundRequest,
  deadlines: Deadlines,
): Promise<ProviderReply> {
  const maxReplyBytes = request.maxReplyBytes ?? defaultMaxReplyBytes;
  return new Promise((resolve, reject) => {
    const { signal } = request;
    const remainingMs = request.deadlineAtMs - Date.now();
    if (signal?.aborted) return reject(new TransportError('aborted', false, signal.reason));
    if (remainingMs <= 0) return reject(new TransportError('timeout', false));

    let started = false;
    let settled = false;
    let abortRequest: ((reason: Error) => void) | null = null;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let receivedBytes = 0;
    const chunks: Buffer[] = [];

    let clearCut = noDeadline;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearDeadline();
      clearCut();
      signal?.removeEventListener('abort', onAbort);
      return true;
    };
    const reply = (): ProviderReply | Promise<ProviderReply> => {
      const [only] = chunks;
      const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
      const whole = { status, headers: flattenHeaders(headers), body };
      return whole.headers['content-encoding'] === undefined
        ? whole
        : decode(whole, maxReplyBytes, request.cutsReply === true);
    };
    const fail = (error: TransportError): void => {
      if (!settle()) return;
      // A request in the pool's queue cannot be aborted yet; it is dropped when its turn comes (onRequestStart).
      abortRequest?.(error);
      if (request.cutsReply === true && status > 0 && error.fault !== 'aborted') resolve(reply());
      else reject(error);
    };
    const onAbort = (): void => fail(new TransportError('aborted', started, signal?.reason));
    const clearDeadline = deadlines.after(remainingMs, () => fail(new TransportError('timeout', started)));
    signal?.addEventListener('abort', onAbort, { once: true });

    const release = countPending(origin);
    origin.pool.dispatch(
      {
        path,
        method: request.method,
        headers: outgoingHeaders(request.headers),
        body: request.body ?? null,
      },
      {
        onRequestStart(controller) {
          // Throwing drops only this request; `abort` would close the connection that others wait for.
          if (settled) throw new Error('the request was cancelled while it waited for a connection');
          started = true;
          if (request.timing !== undefined) request.timing.connectedAtMs = Date.now();
          abortRequest = (reason) => controller.abort(reason);
        },
        onResponseStart(_controller, statusCode, replyHeaders) {
          if (statusCode < 200) return;
          status = statusCode;
          if (request.timing !== undefined) request.timing.headAtMs = Date.now();
          headers = replyHeaders;
          const announced = Number(replyHeaders['content-length']);
          if (request.cutsReply === true) {
            clearCut = deadlines.after(cutBodyAfterMs, () => fail(new TransportError('timeout', true)));
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
          release();
          if (settle()) resolve(reply());
        },
        onResponseError(_controller, error) {
          release();
          fail(toTransportError(error, started));
        },
      },
    );
  });
}

const noDeadline = (): void => {};

async function decode(
  { status, headers, body: encoded }: ProviderReply & { readonly headers: Record<string, string> },
  maxReplyBytes: number,
  cutsReply: boolean,
): Promise<ProviderReply> {
  const decoding = decodeBody(encoded, headers['content-encoding'] as string, maxReplyBytes);
  const body = await (cutsReply ? decoding.catch(() => Buffer.alloc(0)) : decoding);
  // They describe the encoded bytes, not the decoded body.
  delete headers['content-encoding'];
  delete headers['content-length'];
  return { status, headers, body };
}
