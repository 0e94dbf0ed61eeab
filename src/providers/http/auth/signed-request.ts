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
  /** Secret values that were added and must not appear in the response. */
  readonly secrets: readonly string[];
  /** Names of the query parameters that contain them. */
  readonly parameters: readonly string[];
}
