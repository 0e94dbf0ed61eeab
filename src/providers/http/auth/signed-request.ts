/** A request before and after it is signed. */
import type { Readable } from 'node:stream';
import type { ProviderRequest } from '../../provider.ts';

export interface SignableRequest {
  readonly method: ProviderRequest['method'];
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable | null;
}

export interface Signed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What was put in and must not come back. */
  readonly secrets: readonly string[];
  /** Names of the query's parameters that hold it. */
  readonly parameters: readonly string[];
}
