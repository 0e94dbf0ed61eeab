/** An upstream's answer as the one JSON value that the pipeline carries and its cache keeps: bytes survive it unchanged. */
import { isUtf8 } from 'node:buffer';
import type { HttpOutput } from '../providers/http/operations.ts';

/** The first members, in this order: what is known of an answer without its content. */
export interface StoredHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** False where the upstream's answer is for the one who asked. The last of the head. */
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

/** Without the time it was sent at, which is ours to say, and would make two answers that are alike differ. */
function headOf({ status, headers }: Pick<HttpOutput, 'status' | 'headers'>, shareable: boolean): StoredHead {
  const { date: _sentAt, ...lasting } = headers;
  return { status, headers: lasting, shareable };
}

export function readStoredForm(bytes: Buffer): StoredHead & { readonly body: Buffer } {
  const { text, base64, ...answer } = JSON.parse(bytes.toString('utf8')) as StoredAnswer;
  return { ...answer, body: base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64') };
}

/** The head alone: a megabyte of content is not read to learn its `ETag`. */
export function readStoredHead(bytes: Buffer): StoredHead {
  return JSON.parse(`${bytes.toString('utf8', 0, headLength(bytes))}}`) as StoredHead;
}

/** The same content under another head. */
export function withHead(bytes: Buffer, output: Pick<HttpOutput, 'status' | 'headers'>, shareable: boolean): Buffer {
  const head = JSON.stringify(headOf(output, shareable)).slice(0, -1);
  return Buffer.concat([Buffer.from(head), bytes.subarray(headLength(bytes))]);
}

/** Up to and with the last member of the head. Within texts quotes are escaped, and no header has a value that is no text. */
function headLength(bytes: Buffer): number {
  for (const last of ['"shareable":true', '"shareable":false']) {
    const at = bytes.subarray(0, 256 * 1024).indexOf(last);
    if (at !== -1) return at + last.length;
  }
  throw new Error('a stored answer without a head');
}
