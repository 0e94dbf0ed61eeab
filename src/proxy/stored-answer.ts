/** An upstream's answer as the one JSON value that the pipeline carries and its cache keeps: bytes survive it unchanged. */
import { isUtf8 } from 'node:buffer';
import type { HttpOutput } from '../providers/http/operations.ts';

interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** False where the upstream's answer is for the one who asked. */
  readonly shareable: boolean;
  readonly text?: string;
  readonly base64?: string;
}

export function storedForm(
  { status, headers }: Pick<HttpOutput, 'status' | 'headers'>,
  body: Buffer,
  shareable: boolean,
): StoredAnswer {
  // The time it was sent at is ours to say, and would make two answers that are alike differ.
  const { date: _sentAt, ...lasting } = headers;
  const content = isUtf8(body) ? { text: body.toString('utf8') } : { base64: body.toString('base64') };
  return { status, headers: lasting, shareable, ...content };
}

export function readStoredForm(
  bytes: Buffer,
): Pick<HttpOutput, 'status' | 'headers'> & { readonly body: Buffer; readonly shareable: boolean } {
  const { text, base64, ...answer } = JSON.parse(bytes.toString('utf8')) as StoredAnswer;
  return { ...answer, body: base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64') };
}
