/** The types of one HTTP exchange with a provider: request, reply, and transport faults. */

import type { Readable } from 'node:stream';

/** A request whose whole reply is read. */
export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Maximum bytes of the reply; more is a failure (`too-large`). Default 16 MiB. */
  readonly maxReplyBytes?: number;
  /**
   * Only the status matters: a body that is too large, too slow, broken or badly encoded is cut off, and the reply
   * still succeeds.
   */
  readonly cutsReply?: boolean;
  /** The request continues when its call ends, because it changes something and its result must be known. */
  readonly outlivesCall?: boolean;
}

/** A request whose reply is streamed, and whose body may be streamed. */
export interface OpenRequest extends Omit<ProviderRequest, 'body' | 'maxReplyBytes'> {
  readonly body?: string | Buffer | Readable;
  /** How long the provider may be silent during its body. */
  readonly idleMs: number;
}

/** The head of a streamed reply. */
export interface OpenReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body as sent, still encoded. Fails with a `TransportError` if it ends too early; destroying it closes the
   * connection.
   */
  readonly body: Readable;
}

/** A whole reply. */
export interface ProviderReply {
  readonly status: number;
  /** Lower-case names; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The progress of a request, in Unix milliseconds; null for steps that it did not reach. */
export interface ExchangeTiming {
  /** When it had a connection, reused or new. */
  connectedAtMs: number | null;
  /** When the head of the reply had arrived. */
  headAtMs: number | null;
}

/** Why no whole reply arrived. */
export type TransportFault =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'dns'
  | 'tls'
  | 'too-large'
  | 'encoding'
  | 'malformed'
  | 'blocked'
  | 'aborted';

/** Messages for callers and the audit log; they contain no address and no library's text. */
const messages: Readonly<Record<TransportFault, string>> = {
  refused: 'connection refused',
  reset: 'connection reset',
  timeout: 'no answer in time',
  dns: 'its host name cannot be resolved',
  tls: 'TLS failed: its certificate or protocol is not accepted',
  'too-large': 'its answer is too large',
  encoding: 'its answer has an invalid content encoding',
  malformed: 'its answer is not valid HTTP',
  blocked: 'may not be called: the address is not public, and OUTBOUND_ALLOWED_NETWORKS does not name it',
  aborted: 'the request was cancelled',
};

export const transportFaults = Object.keys(messages) as readonly TransportFault[];

const messagesRu: Readonly<Record<TransportFault, string>> = {
  refused: 'соединение отвергнуто',
  reset: 'соединение оборвано',
  timeout: 'ответа нет вовремя',
  dns: 'имя хоста не найдено',
  tls: 'ошибка TLS: сертификат или протокол не принят',
  'too-large': 'ответ слишком велик',
  encoding: 'у ответа неверное кодирование',
  malformed: 'ответ — не HTTP',
  blocked: 'вызывать нельзя: адрес не публичный, и OUTBOUND_ALLOWED_NETWORKS его не называет',
  aborted: 'запрос отменён',
};

/** A stored message of a `TransportError` in Russian; null for any other text. */
export function transportMessageRu(message: string): string | null {
  const fault = transportFaults.find((one) => messages[one] === message);
  return fault === undefined ? null : messagesRu[fault];
}

/** Thrown by `ProviderHttp`. Adapters do not catch it: the gateway decides what it means for each operation. */
export class TransportError extends Error {
  readonly fault: TransportFault;
  /** False if no byte of the request can have reached the provider, so that even an append may be repeated. */
  readonly requestMayHaveArrived: boolean;

  constructor(fault: TransportFault, requestMayHaveArrived: boolean, cause?: unknown) {
    super(messages[fault], cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.fault = fault;
    this.requestMayHaveArrived = requestMayHaveArrived;
  }
}

/**
 * An adapter's only access to the network: guarded, pooled, with the attempt's deadline, and recorded for the audit
 * log.
 */
export interface ProviderHttp {
  /** Sends the request; resolves with the whole reply. */
  send(request: ProviderRequest): Promise<ProviderReply>;
  /** Sends the request; resolves when the head of the reply has arrived. */
  open(request: OpenRequest): Promise<OpenReply>;
  /** Adds a value that the audit log must mask everywhere, beyond the account's own secrets (an access token). */
  mask(secret: string): void;
}
