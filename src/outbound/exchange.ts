/** The types of one HTTP exchange with a provider: request, reply, and transport faults. */

import type { Readable } from 'node:stream';

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Bytes read of the reply at most; more is a failure (`too-large`). Default 16 MiB. */
  readonly maxReplyBytes?: number;
  /**
   * The status is what counts: a body that is too large, too slow, broken or badly encoded is cut where it ends to be
   * readable, and is no failure.
   */
  readonly cutsReply?: boolean;
  /** It goes on when the call that needed it ends: what it changes must be heard. */
  readonly outlivesCall?: boolean;
}

/** One whose reply is read as it comes, and whose body may be sent so. */
export interface OpenRequest extends Omit<ProviderRequest, 'body' | 'maxReplyBytes'> {
  readonly body?: string | Buffer | Readable;
  /** How long the provider may be silent within its body. */
  readonly idleMs: number;
}

export interface OpenReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As sent, encodings and all. Fails with a `TransportError` where it ends too early; destroyed, the provider is cut off. */
  readonly body: Readable;
}

export interface ProviderReply {
  readonly status: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** When a request came how far, in Unix milliseconds; null where it did not. */
export interface ExchangeTiming {
  /** It had a connection: a free one, or one made for it. */
  connectedAtMs: number | null;
  /** The head of the reply was there. */
  headAtMs: number | null;
}

/** How a request failed before a whole reply was there. */
export type TransportFault =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'dns'
  | 'tls'
  | 'too-large'
  | 'encoding'
  | 'blocked'
  | 'aborted';

/** What callers and the audit read: never an address, nor the words of a library. */
const words: Readonly<Record<TransportFault, string>> = {
  refused: 'connection refused',
  reset: 'connection reset',
  timeout: 'no answer in time',
  dns: 'the name of its host cannot be resolved',
  tls: 'no TLS connection: its certificate or protocol is refused',
  'too-large': 'its answer is too large',
  encoding: 'the encoding of its answer cannot be read',
  blocked: 'may not be called: the address is not public, and OUTBOUND_ALLOWED_NETWORKS does not name it',
  aborted: 'the request was given up',
};

/** Thrown by `ProviderHttp.send`. Adapters let it pass: the gateway knows what it means for each operation. */
export class TransportError extends Error {
  readonly fault: TransportFault;
  /** False where no byte of the request can have reached the provider, so that even an append may be repeated. */
  readonly requestMayHaveArrived: boolean;

  constructor(fault: TransportFault, requestMayHaveArrived: boolean, cause?: unknown) {
    super(words[fault], cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.fault = fault;
    this.requestMayHaveArrived = requestMayHaveArrived;
  }
}

/** The only way an adapter reaches the network: guarded, pooled, with the attempt's deadline, recorded for the audit. */
export interface ProviderHttp {
  send(request: ProviderRequest): Promise<ProviderReply>;
  /** Resolves with the head of the reply. */
  open(request: OpenRequest): Promise<OpenReply>;
  /** Values that the audit must mask wherever they appear, beyond the account's own (an access token). */
  mask(secret: string): void;
}
