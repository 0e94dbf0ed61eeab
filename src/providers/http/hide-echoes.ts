/**
 * Masks the account's credentials where a response repeats them: callers may use the credentials, but must not see
 * them. Headers and body are searched for all usual forms, whatever the content type, before the caller, the cache and
 * the audit log see them.
 *
 * Compression would hide them, so the request asks for none; a response that is compressed all the same is
 * decompressed. A partial response (206) cannot be decompressed and is searched as it is.
 */
import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createInflateRaw, createUnzip, createZstdDecompress } from 'node:zlib';
import { contentEncodings, hasZlibHeader } from '../../encodings/content-encodings.ts';
import { type OpenReply, TransportError } from '../provider.ts';
import { createSecretCover, type SecretCover } from './cover-secrets.ts';
import type { HttpOutput } from './operations.ts';

export interface EchoHider {
  /** False if there is nothing to mask: the response stays as the upstream sent it. */
  readonly isNeeded: boolean;
  /** Masks the headers and decompresses the body. */
  open(reply: OpenReply, method: string): OpenReply;
  /** Masks the body, whether whole or streamed. */
  answer(output: HttpOutput): HttpOutput;
}

/** Exact values in the request: `lasting` ones, and those of this request alone. */
export function createEchoHider(lasting: readonly string[], ofThisRequest: readonly string[] = []): EchoHider {
  const createCover = () => createSecretCover([...lasting, ...ofThisRequest], ofThisRequest.length === 0);
  const cover = createCover();
  if (cover === null) return { isNeeded: false, open: (reply) => reply, answer: (output) => output };
  const coverWhole = (bytes: Buffer): Buffer => {
    const decided = cover.add(bytes);
    const rest = cover.end();
    return rest.length === 0 ? decided : Buffer.concat([decided, rest]);
  };
  return {
    isNeeded: true,
    open(reply, method) {
      const headers = Object.fromEntries(
        Object.entries(reply.headers).map(([name, value]) => [
          name,
          // Node reads headers byte by byte.
          coverWhole(Buffer.from(value, 'latin1')).toString('latin1'),
        ]),
      );
      return decoded({ ...reply, headers }, method);
    },
    answer(output) {
      const { body } = output;
      if (body instanceof Readable) return { ...output, body: covering(body, createCover() as SecretCover) };
      return { ...output, body: coverWhole(body) };
    },
  };
}

/** Several socket reads, so that not every chunk waits for the one before. */
const passingBytes = 256 * 1024;

function covering(body: Readable, cover: SecretCover): Readable {
  const passing = new Transform({
    highWaterMark: passingBytes,
    transform(chunk: Buffer, _encoding, done) {
      done(null, cover.add(chunk));
    },
    flush(done) {
      done(null, cover.end());
    },
  });
  return pipeline(body, passing, noted);
}

/** `pipeline` forwards every error to its last stream, whose reader handles it. */
function noted(): void {}

/** `first`: the first byte, where it is known. */
const decoders: Readonly<Record<string, (first?: number) => Transform>> = {
  gzip: () => createUnzip(),
  'x-gzip': () => createUnzip(),
  deflate: (first) => (first === undefined || hasZlibHeader(first) ? createUnzip() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

/** Removes the `Content-Encoding`; returns the response unchanged if it has none, or an unknown one. */
function decoded(reply: OpenReply, method: string): OpenReply {
  const openers = contentEncodings(reply.headers['content-encoding'])
    .reverse()
    .map((layer) => decoders[layer]);
  const hasBody = method !== 'HEAD' && ![204, 206, 304].includes(reply.status);
  if (openers.length === 0 || openers.length > 2 || !hasBody || !openers.every((open) => open !== undefined))
    return reply;
  // They describe the compressed bytes.
  const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = reply.headers;
  return { ...reply, headers, body: decodedBody(reply.body, openers) };
}

/** Waits for the first bytes: some servers name a `Content-Encoding` without sending a body, as with a redirect. */
function decodedBody(body: Readable, openers: readonly ((first?: number) => Transform)[]): Readable {
  const end = new PassThrough({
    destroy(error, done) {
      body.destroy();
      const isForeign = error !== null && !(error instanceof TransportError);
      done(isForeign ? new TransportError('encoding', true, error) : error);
    },
  });
  const endEmpty = (): void => void end.end();
  const begin = (): void => {
    const first = body.read() as Buffer | null;
    if (first === null) return;
    body.off('readable', begin).off('end', endEmpty);
    body.unshift(first);
    pipeline([body, ...openers.map((open, layer) => open(layer === 0 ? first[0] : undefined)), end], noted);
  };
  body.on('readable', begin).on('end', endEmpty);
  body.once('error', (error) => end.destroy(error));
  return end;
}
