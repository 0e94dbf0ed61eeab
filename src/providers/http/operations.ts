/** The only operation of HTTP APIs: passes a request on and its response back, as bytes, whole or streamed. */
import type { Readable } from 'node:stream';
import type { ProviderRequest } from '../provider.ts';

export interface HttpInput {
  readonly method: ProviderRequest['method'];
  /**
   * The path as the caller wrote it, relative to the base URL, percent-encoded, without a leading slash; checked by
   * `faultOfPath`.
   */
  readonly path: string;
  /** As the caller wrote it, without the question mark; empty if there is none. */
  readonly query: string;
  /** Lower-case names; headers that must not be passed on are already removed. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: no body. A stream can be sent only once. */
  readonly body: Buffer | Readable | null;
}

export interface HttpOutput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * As the upstream sent it, with repeated credentials masked (`hide-echoes.ts`); the rest of a stream is still to
   * come.
   */
  readonly body: Buffer | Readable;
}

declare module '../provider.ts' {
  interface OperationTypes {
    http: { input: HttpInput; output: HttpOutput };
  }
}
