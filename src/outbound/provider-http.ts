/** The HTTP access of one attempt at one provider: bound to the attempt's deadline, and recording each exchange. */

import { remembered } from '../bounded-map.ts';
import {
  type ExchangeTiming,
  type OpenRequest,
  type ProviderHttp,
  type ProviderReply,
  type ProviderRequest,
  TransportError,
} from './exchange.ts';
import type { Outbound } from './http-client.ts';

/** One request and its result, for the audit log, which masks bodies and headers. */
export interface RecordedExchange {
  readonly method: string;
  /** The address, with the values of secret query parameters replaced. */
  readonly endpoint: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | Buffer | null;
  /** null: no whole reply arrived. */
  readonly reply: ProviderReply | null;
  readonly error: TransportError | null;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly completedAtMs: number;
  readonly timing: Readonly<ExchangeTiming>;
}

export interface ProviderHttpOptions {
  /** Unix milliseconds; every request of the attempt ends by then. */
  readonly deadlineAtMs: number;
  readonly signal?: AbortSignal | null;
  /** The W3C trace context to send; null: none. */
  readonly traceparent?: string | null;
}

export interface RecordingHttp extends ProviderHttp {
  /**
   * In the order in which they began, without those under way. The last one is the operation itself, earlier ones
   * prepared it (a token). At most 8 are kept.
   */
  readonly exchanges: readonly RecordedExchange[];
  /** Values to mask: those the adapter gave, and values of secret query parameters. */
  readonly masked: readonly string[];
}

/** Deadline of a request that outlives its call. */
const outlivingMs = 20_000;
const maxExchanges = 8;
const maxMasked = 32;

/** Creates the HTTP access of one attempt. */
export function providerHttp(outbound: Outbound, options: ProviderHttpOptions): RecordingHttp {
  const begun: { exchange: RecordedExchange | null }[] = [];
  const masked: string[] = [];

  function mask(secret: string): void {
    if (masked.length === maxMasked) masked.shift();
    masked.push(secret);
  }

  const begin = (request: ProviderRequest | OpenRequest) => {
    const headers = withTrace(request, options.traceparent ?? null);
    const { body = null } = request;
    const timing: ExchangeTiming = { connectedAtMs: null, headAtMs: null };
    const made = {
      method: request.method,
      // A provider may quote this address in its answer.
      endpoint: redactQuery(request.url, mask),
      requestHeaders: headers,
      requestBody: typeof body === 'string' || Buffer.isBuffer(body) ? body : null,
      startedAtMs: Date.now(),
      timing,
    };
    const place: (typeof begun)[number] = { exchange: null };
    if (begun.length === maxExchanges) begun.shift();
    begun.push(place);
    const record = (reply: ProviderReply | null, error: TransportError | null): void => {
      place.exchange = { ...made, reply, error, completedAtMs: Date.now() };
    };
    if ('outlivesCall' in request && request.outlivesCall === true) {
      return { record, headers, bounds: { deadlineAtMs: Date.now() + outlivingMs, signal: null, timing } };
    }
    return { record, headers, bounds: { deadlineAtMs: options.deadlineAtMs, signal: options.signal ?? null, timing } };
  };

  const recordFault = (record: ReturnType<typeof begin>['record'], error: unknown): TransportError => {
    const fault = error instanceof TransportError ? error : new TransportError('reset', true, error);
    record(null, fault);
    return fault;
  };

  return {
    get exchanges() {
      return begun.flatMap(({ exchange }) => exchange ?? []);
    },
    masked,

    mask,

    async send(request) {
      const { record, headers, bounds } = begin(request);
      try {
        const reply = await outbound.request({ ...request, headers, ...bounds });
        record(reply, null);
        return reply;
      } catch (error) {
        throw recordFault(record, error);
      }
    },

    async open(request) {
      const { record, headers, bounds } = begin(request);
      try {
        const reply = await outbound.open({ ...request, headers, ...bounds });
        // The body is recorded when it has passed (`CallRecord.carried`).
        record({ ...reply, body: Buffer.alloc(0) }, null);
        return reply;
      } catch (error) {
        throw recordFault(record, error);
      }
    },
  };
}

function withTrace(
  request: Pick<ProviderRequest, 'headers'>,
  traceparent: string | null,
): Readonly<Record<string, string>> {
  const headers = request.headers ?? {};
  if (traceparent === null || 'traceparent' in headers) return headers;
  return { ...headers, traceparent };
}

/** Cached, because few parameter names occur. `page_token` and similar names are not secret. */
const isSecretName = remembered((name) => secretName.test(name));
const secretName =
  /^(?!(?:next_?)?(?:page|sync)_?token$)(?:[\w.-]*(?:token|secret|signature|password|passwd|credentials?|api[_-]?key|access[_-]?key)|key|sig|auth|authorization|pwd|appid|jwt)$/i;
const secretParameters =
  /([?&](?!(?:next_?)?(?:page|sync)_?token=)(?:[\w.-]*(?:token|secret|signature|password|passwd|credentials?|api[_-]?key|access[_-]?key)|key|sig|auth|authorization|pwd|appid|jwt)=)([^&#]*)/gi;
/** Shorter values are masked only in their parameter; masking them everywhere would remove words from replies. */
const minQuotedLength = 8;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}

/** Replaces the values of secret parameters by `***`; `onSecret` gets each value. */
export function redactQuery(url: string, onSecret?: (secret: string) => void): string {
  const start = url.indexOf('?') + 1;
  if (start === 0) return url;
  const note = (value: string): void => {
    const secret = decoded(value);
    if (secret.length >= minQuotedLength) onSecret?.(secret);
  };
  if (url.includes('?', start) || url.includes('#')) {
    return url.replace(secretParameters, (_whole, name: string, value: string) => {
      note(value);
      return `${name}***`;
    });
  }
  let redacted = url.slice(0, start);
  for (let from = start; from <= url.length; ) {
    const found = url.indexOf('&', from);
    const end = found === -1 ? url.length : found;
    const equals = url.indexOf('=', from);
    const isSecret = equals !== -1 && equals < end && isSecretName(url.slice(from, equals));
    if (isSecret) note(url.slice(equals + 1, end));
    redacted += isSecret ? `${url.slice(from, equals)}=***` : url.slice(from, end);
    if (found !== -1) redacted += '&';
    from = end + 1;
  }
  return redacted;
}
