/**
 * The interface of a kind of sender: one value, exported by its file under `sources/`. A webhook created for it takes
 * its defaults from here; each can be overridden per webhook.
 */
import { parsedJson } from '../encodings/tolerant.ts';
import type { SignatureScheme } from './receiving/verify-signature.ts';
import type { DeliveryHeaders } from './schemes/scheme.ts';

export type OverLimitPolicy = 'reject' | 'defer';

/** The rules that make a delivery a duplicate. */
export const duplicateRules = ['delivery_id', 'delivery_id_or_body', 'none'] as const;
export type DuplicateRule = (typeof duplicateRules)[number];

/** Where to find a fact of a delivery. Plain data, because large bodies are read in another thread. */
export type FactSource =
  | { readonly in: 'header'; readonly name: string }
  /** At a path of the JSON body; `*` is each item of a list, for senders that put several events into one delivery. */
  | { readonly in: 'body'; readonly path: readonly string[] }
  /** A field of a form. */
  | { readonly in: 'form'; readonly name: string }
  /** The name of the body's first member other than `except`. */
  | { readonly in: 'member name'; readonly except: string | null }
  /** The first part, followed by each other part that is present; with `needsAll`, nothing if one is missing. */
  | {
      readonly in: 'joined';
      readonly parts: readonly FactSource[];
      readonly separator: string;
      readonly needsAll: boolean;
    };

export const header = (name: string): FactSource => ({ in: 'header', name: name.toLowerCase() });
export const body = (path: string): FactSource => ({ in: 'body', path: path.split('.') });
export const form = (name: string): FactSource => ({ in: 'form', name });
/** `issues` and `opened` as `issues.opened`; `issues` alone without a detail. */
export const withDetail = (...parts: readonly FactSource[]): FactSource => ({
  in: 'joined',
  parts,
  separator: '.',
  needsAll: false,
});
export const together = (...parts: readonly FactSource[]): FactSource => ({
  in: 'joined',
  parts,
  separator: ':',
  needsAll: true,
});

/** A sender's verification of the address, and its answer. The only answers that repeat any part of a request. */
export interface Handshake {
  /** In a sentence, for people. */
  readonly description: string;
  /** A GET or HEAD. null: not a question of this sender. */
  readonly onGet?: (query: URLSearchParams, verifyToken: string | null) => HandshakeReply | null;
  /** A POST before its signature is checked. null: it is a delivery. */
  readonly onPost?: (query: URLSearchParams) => HandshakeReply | null;
  /** An unsigned POST. null: it is a delivery, and refused. */
  readonly onUnsigned?: (body: Buffer) => HandshakeReply | null;
  /** A POST with a valid signature. null: it is a delivery. */
  readonly onGenuine?: (genuine: GenuineRequest) => HandshakeReply | null;
}

export interface GenuineRequest {
  readonly headers: DeliveryHeaders;
  readonly body: Buffer;
  /** The secret that the request was signed with. */
  readonly secret: string;
}

export interface HandshakeReply {
  readonly status: 200 | 403;
  readonly contentType: 'text/plain; charset=utf-8' | 'application/json; charset=utf-8';
  readonly body: string;
}

export interface SourceSample {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WebhookSource {
  /** The name as people write it. */
  readonly title: string;
  readonly documentationUrl: string | null;
  /** What to do on the sender's side, in a sentence. */
  readonly setUp: string;
  /** The same in Russian; names in the sender's own pages keep their language. */
  readonly setUpRu: string;
  readonly signatureScheme: SignatureScheme;
  readonly signatureHeader: string | null;
  readonly signedTemplate: string | null;
  readonly timestampHeader: string | null;
  readonly toleranceSeconds: number;
  /** Who creates the secret: this service, or the sender (then it is set as `secret_key`). */
  readonly secretFrom: 'us' | 'sender' | 'none';
  /** The first that has a value wins. */
  readonly eventTypeFrom: readonly FactSource[];
  /** The sender's own id of a delivery. Without one, the body's hash is the id. */
  readonly deliveryIdFrom: readonly FactSource[];
  readonly duplicateBy: DuplicateRule;
  readonly maxPayloadSizeBytes: number;
  /** `defer` for senders that never retry, because a refused delivery is lost. The others retry. */
  readonly overLimitPolicy: OverLimitPolicy;
  /** The ranges that `published` in `allowed_ips` stands for. */
  readonly publishedRanges: readonly string[];
  /**
   * Only its addresses authenticate it: they apply unless the webhook sets others. For other senders they are never
   * applied by default, because such lists change.
   */
  readonly isKnownByAddress: boolean;
  readonly handshake: Handshake | null;
  /** Its handshake shows a token that the webhook stores. */
  readonly hasVerifyToken: boolean;
  readonly retries: {
    /** How long it waits for an answer; null: undocumented. */
    readonly timeoutSeconds: number | null;
    /** What it does after an unsuccessful answer, in a sentence. */
    readonly description: string;
  };
  /** A delivery as the sender documents it, without its signature. */
  readonly sample: SourceSample;
}

export const mebibyte = 1_048_576;

/** What is usual, and is not said of each sender. */
const usual = {
  signedTemplate: null,
  timestampHeader: null,
  toleranceSeconds: 300,
  duplicateBy: 'delivery_id',
  maxPayloadSizeBytes: mebibyte,
  overLimitPolicy: 'reject',
  publishedRanges: [],
  isKnownByAddress: false,
  handshake: null,
  hasVerifyToken: false,
} as const;

type Definition = Omit<WebhookSource, keyof typeof usual | 'sample'> &
  Partial<WebhookSource> & {
    readonly sampleBody: string;
    readonly sampleHeaders?: SourceSample['headers'];
    readonly sampleContentType?: string;
  };

export function defineSource(definition: Definition): WebhookSource {
  const { sampleBody, sampleHeaders = {}, sampleContentType = 'application/json', ...source } = definition;
  const sample = { contentType: sampleContentType, headers: sampleHeaders, body: sampleBody };
  return { ...usual, ...source, sample };
}

/** A challenge is short and printable; anything else is refused. */
export function echo(challenge: unknown): HandshakeReply | null {
  if (typeof challenge !== 'string' || !/^[\x20-\x7e]{1,1000}$/.test(challenge)) return null;
  return plain(challenge);
}

export function plain(text: string): HandshakeReply {
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: text };
}

export function json(value: unknown): HandshakeReply {
  return { status: 200, contentType: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}

/** The members of a small JSON object; empty for anything else. */
export function membersOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value = bytes.length > 16 * 1024 ? undefined : parsedJson(bytes.toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
