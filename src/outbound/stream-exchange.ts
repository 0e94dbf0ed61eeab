/**
 * Sends one request and streams its reply, with back-pressure up to the provider's socket. The head must arrive by the
 * request's deadline; after it the provider may be silent for `idleMs`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { type ExchangeTiming, TransportError } from './exchange.ts';
import { toTransportError } from './faults.ts';

export interface StreamTerms {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Readable | null;
  /** Time until the head must have arrived. */
  readonly remainingMs: number;
  readonly idleMs: number;
  readonly signal: AbortSignal | null;
  readonly timing: ExchangeTiming | null;
}

export interface StreamedHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Fails with a `TransportError` if the provider ends it too early. Destroying it closes the connection. */
  readonly body: Readable;
}

/** Sends the request. Calls `release`, maybe more than once, when the pool no longer holds the request. */
export function dispatchStream(pool: Pool, terms: StreamTerms, release: () => void): Promise<StreamedHead> {
  return new Promise((resolve, reject) => {
    const { signal, remainingMs } = terms;
    if (signal?.aborted) return reject(new TransportError('aborted', false, signal.reason));
    if (remainingMs <= 0) return reject(new TransportError('timeout', false));
    let started = false;
    let settled = false;
    let body: Readable | null = null;
    let requestController: Dispatcher.DispatchController | null = null;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      return true;
    };
    const fail = (error: TransportError): void => {
      if (!settle()) return;
      requestController?.abort(error);
      reject(error);
    };
    const onAbort = (): void => fail(new TransportError('aborted', started, signal?.reason));
    const timer = setTimeout(() => fail(new TransportError('timeout', started)), remainingMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    pool.dispatch(
      {
        path: terms.path,
        method: terms.method as Dispatcher.HttpMethod,
        headers: terms.headers,
        body: terms.body,
        bodyTimeout: terms.idleMs,
      },
      {
        onRequestStart(controller) {
          if (settled) throw new Error('the request was cancelled while it waited for a connection');
          started = true;
          if (terms.timing !== null) terms.timing.connectedAtMs = Date.now();
          requestController = controller;
        },
        onResponseStart(controller, status, headers) {
          if (status < 200 || !settle()) return;
          if (terms.timing !== null) terms.timing.headAtMs = Date.now();
          // The attempt may still be aborted while it reads the body.
          const cut = (): void => void answer.destroy(new TransportError('aborted', true, signal?.reason));
          const answer = new Readable({
            read: () => controller.resume(),
            destroy(error, done) {
              signal?.removeEventListener('abort', cut);
              controller.abort(error ?? new TransportError('aborted', true));
              done(error);
            },
          });
          signal?.addEventListener('abort', cut, { once: true });
          body = answer;
          resolve({ status, headers, body });
        },
        onResponseData(controller, chunk) {
          if (body !== null && !body.push(chunk)) controller.pause();
        },
        onResponseEnd() {
          release();
          body?.push(null);
        },
        onResponseError(_controller, error) {
          release();
          const fault = toTransportError(error, started);
          if (body === null) fail(fault);
          else if (!body.destroyed) body.destroy(fault);
        },
      },
    );
  });
}
