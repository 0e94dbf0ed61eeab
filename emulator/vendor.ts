/** What a vendor is to the emulator's frame: routes, who is charged, and how it words its refusals. */
import type { Clock } from '../src/clock.ts';
import type { Control } from './control.ts';

export interface EmulatorRequest {
  readonly method: string;
  /** As sent: undecoded, without the query. Sheets ranges hold encoded `:` and `!`. */
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

/** How a vendor words a fault that it was told to show. `internal_error` is also the fault `500`. */
export type Refusal = 'over_query_limit' | 'request_denied' | 'internal_error';

export interface Route {
  readonly method: string;
  /** Matched against `rawPath`. */
  readonly path: RegExp;
  handle(request: EmulatorRequest, match: RegExpExecArray): EmulatorReply | Promise<EmulatorReply>;
}

export interface Vendor {
  /** As in the control API: `google_maps`. */
  readonly name: string;
  readonly routes: readonly Route[];
  /** Quotas that hold unless told otherwise, by class: requests in any rolling minute and account. null: none. */
  readonly perMinuteQuotas: Readonly<Record<string, number | null>>;
  /** Which of the quotas a request counts against; default `requests`. */
  quotaClassOf?(request: EmulatorRequest): string;
  /** Whose quota: the key, or the account behind a token. null: nobody's (the vendor refuses it anyway). */
  accountOf(request: EmulatorRequest): string | null;
  /** A refusal before any quota is spent: no key, a key told to be bad, an expired token. */
  authorize?(request: EmulatorRequest): EmulatorReply | null;
  refuse(refusal: Refusal, request: EmulatorRequest): EmulatorReply;
  close?(): void | Promise<void>;
}

export interface VendorContext {
  readonly control: Control;
  readonly clock: Clock;
  /** Where state may be kept over restarts; null: nowhere. */
  readonly dataDir: string | null;
}

export type CreateVendor = (context: VendorContext) => Vendor;

/** A reply in JSON, indented as Google's are. */
export function jsonReply(status: number, body: unknown, indent = 2): EmulatorReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: JSON.stringify(body, null, indent),
  };
}
