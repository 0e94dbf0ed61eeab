/**
 * What an API says back of the credentials that its request was given: callers may use them, and not have them. They are
 * covered where they stand in the reply's headers or body, in every usual form and whatever the type of the body, before
 * anything else reads it: the caller, the cache, the audit.
 *
 * An encoded body hides them, so that such a request asks for none; who encodes all the same is decoded. A part (206) cannot
 * be decoded and is searched as it is.
 */
import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createUnzip, createZstdDecompress } from 'node:zlib';
import { type OpenReply, TransportError } from '../provider.ts';
import { createSecretCover, type SecretCover } from './cover-secrets.ts';
import type { HttpOutput } from './operations.ts';

export interface EchoHider {
  /** False where nothing is looked for: the reply is as the upstream sent it. */
  readonly isNeeded: boolean;
  /** The head with its secrets covered, and the body decoded. */
  open(reply: OpenReply, method: string): OpenReply;
  /** The body with its secrets covered, whole or as it comes. */
  answer(output: HttpOutput): HttpOutput;
}

/** Exact values that the request carries: `lasting` ones, and those of `this` request alone. */
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

/** Some pieces of a socket's size, so that not each of them waits for the one before. */
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

/** `pipeline` hands every fault on to its last stream, whose reader hears of it. */
function noted(): void {}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The reply without its `Content-Encoding`; as it is where it has none, or one that we do not know. */
function decoded(reply: OpenReply, method: string): OpenReply {
  const layers = (reply.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
  const openers = layers.reverse().map((layer) => decoders[layer]);
  const hasBody = method !== 'HEAD' && ![204, 206, 304].includes(reply.status);
  if (openers.length === 0 || openers.length > 2 || !hasBody || !openers.every((open) => open !== undefined))
    return reply;
  // They describe bytes that go no further.
  const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = reply.headers;
  const plain = openers.reduce<Readable>((body, open) => pipeline(body, open(), noted), reply.body);
  const end = new PassThrough({
    destroy(error, done) {
      const isForeign = error !== null && !(error instanceof TransportError);
      done(isForeign ? new TransportError('encoding', true, error) : error);
    },
  });
  return { ...reply, headers, body: pipeline(plain, end, noted) };
}
