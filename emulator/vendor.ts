/** The interface of an emulated vendor: routes, the charged account, and its error texts. */
import type { Clock } from '../src/clock.ts';
import type { Control } from './control.ts';

export interface EmulatorRequest {
  readonly method: string;
  /** As sent: not decoded, without the query. Ranges of Sheets contain encoded `:` and `!`. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** `http://host:port` as the caller wrote it, for links to itself. */
  readonly origin: string;
}

export interface EmulatorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The refusals that a vendor renders. `internal_error` also serves the fault `500`. */
export type Refusal = 'over_query_limit' | 'request_denied' | 'internal_error';

export interface Route {
  readonly method: string;
  /** Matched against `rawPath`. */
  readonly path: RegExp;
  handle(request: EmulatorRequest, match: RegExpExecArray): EmulatorReply | Promise<EmulatorReply>;
}

export interface Vendor {
  /** The name in the control API: `google_maps`. */
  readonly name: string;
  readonly routes: readonly Route[];
  /** Default quotas by class: requests per rolling minute and account. null: none. */
  readonly perMinuteQuotas: Readonly<Record<string, number | null>>;
  /** Which of the quotas a request counts against; default `requests`. */
  quotaClassOf?(request: EmulatorRequest): string;
  /** The owner of the quota: the key, or the account of a token. null: none (the vendor refuses the request anyway). */
  accountOf(request: EmulatorRequest): string | null;
  /** A refusal before any quota is spent: no key, a bad key, an expired token. */
  authorize?(request: EmulatorRequest): EmulatorReply | null;
  refuse(refusal: Refusal, request: EmulatorRequest): EmulatorReply;
  close?(): void | Promise<void>;
}

export interface VendorContext {
  readonly control: Control;
  readonly clock: Clock;
  /** Where state may be stored across restarts; null: nowhere. */
  readonly dataDir: string | null;
}

export type CreateVendor = (context: VendorContext) => Vendor;

/** A reply in JSON, indented like Google's. */
export function jsonReply(status: number, body: unknown, indent = 2): EmulatorReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: JSON.stringify(body, null, indent),
  };
}
