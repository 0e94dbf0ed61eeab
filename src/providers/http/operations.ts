/** The one operation of any HTTP API: a request handed on, and its reply handed back, both as bytes, whole or as they come. */
import type { Readable } from 'node:stream';
import type { ProviderRequest } from '../provider.ts';

export interface HttpInput {
  readonly method: ProviderRequest['method'];
  /** As the caller wrote it behind the base URL, percent-encoded, without the leading slash; checked by `faultOfPath`. */
  readonly path: string;
  /** As the caller wrote it, without the question mark; empty where there is none. */
  readonly query: string;
  /** Lower-case names; what must not be handed on is gone already. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: none was sent. A stream can be sent once only. */
  readonly body: Buffer | Readable | null;
}

export interface HttpOutput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As the upstream sent it, but for the credentials that it says back (`hide-echoes.ts`); a stream has the rest still to come. */
  readonly body: Buffer | Readable;
}

declare module '../provider.ts' {
  interface OperationTypes {
    http: { input: HttpInput; output: HttpOutput };
  }
}
