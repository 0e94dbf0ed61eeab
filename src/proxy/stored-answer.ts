/** Stores an upstream's answer as one JSON value, which pipeline and cache carry; bytes survive unchanged. */
import { isUtf8 } from 'node:buffer';
import type { HttpOutput } from '../providers/http/operations.ts';

/** The first members, in this order: everything except the content. */
export interface StoredHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** False if the answer is only for the caller that asked. The last member of the head. */
  readonly shareable: boolean;
}

type StoredAnswer = StoredHead & { readonly text?: string; readonly base64?: string };

export function storedForm(
  output: Pick<HttpOutput, 'status' | 'headers'>,
  body: Buffer,
  shareable: boolean,
): StoredAnswer {
  const content = isUtf8(body) ? { text: body.toString('utf8') } : { base64: body.toString('base64') };
  return { ...headOf(output, shareable), ...content };
}

/** Without `Date`, which this service sets, and which would make equal answers differ. */
function headOf({ status, headers }: Pick<HttpOutput, 'status' | 'headers'>, shareable: boolean): StoredHead {
  const { date: _sentAt, ...lasting } = headers;
  return { status, headers: lasting, shareable };
}

export function readStoredForm(bytes: Buffer): StoredHead & { readonly body: Buffer } {
  const { text, base64, ...answer } = JSON.parse(bytes.toString('utf8')) as StoredAnswer;
  return { ...answer, body: base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64') };
}

/** Parses only the head: a megabyte of content is not read to find its `ETag`. */
export function readStoredHead(bytes: Buffer): StoredHead {
  return JSON.parse(`${bytes.toString('utf8', 0, headLength(bytes))}}`) as StoredHead;
}

/** The same content with another head. */
export function withHead(bytes: Buffer, output: Pick<HttpOutput, 'status' | 'headers'>, shareable: boolean): Buffer {
  const head = JSON.stringify(headOf(output, shareable)).slice(0, -1);
  return Buffer.concat([Buffer.from(head), bytes.subarray(headLength(bytes))]);
}

/**
 * The length up to and including the last member of the head. Inside JSON texts quotes are escaped, and every header
 * value is a text.
 */
function headLength(bytes: Buffer): number {
  for (const last of ['"shareable":true', '"shareable":false']) {
    const at = bytes.subarray(0, 256 * 1024).indexOf(last);
    if (at !== -1) return at + last.length;
  }
  throw new Error('a stored answer without a head');
}
