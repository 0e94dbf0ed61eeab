/** Decodes `Content-Encoding`, with a bound on the result: a few kilobytes can unpack to gigabytes. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { contentEncodings, hasZlibHeader } from '../encodings/content-encodings.ts';
import { TransportError } from './exchange.ts';

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const zlibInflate = promisify(inflate) as Decoder;
const rawInflate = promisify(inflateRaw) as Decoder;
const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip) as Decoder,
  'x-gzip': promisify(gunzip) as Decoder,
  br: promisify(brotliDecompress) as Decoder,
  zstd: promisify(zstdDecompress) as Decoder,
  deflate: (body, options) => (hasZlibHeader(body[0]) ? zlibInflate(body, options) : rawInflate(body, options)),
};
/** No legitimate reply has more layers. */
const maxLayers = 2;

/** The encodings that requests accept. */
export const acceptedEncodings = 'gzip, br, zstd';

/**
 * Decodes the body. Throws `TransportError`: `too-large` above `maxBytes`, `encoding` if the bytes are invalid or the
 * encoding was not requested.
 */
export async function decodeBody(body: Buffer, contentEncoding: string, maxBytes: number): Promise<Buffer> {
  const layers = contentEncodings(contentEncoding);
  if (layers.length === 0 || body.length === 0) return body;
  if (layers.length > maxLayers) throw new TransportError('encoding', true, new Error('too many content encodings'));
  let decoded = body;
  for (const layer of layers.reverse()) {
    const decode = decoders[layer];
    if (decode === undefined) throw new TransportError('encoding', true, new Error('unknown content encoding'));
    decoded = await decode(decoded, { maxOutputLength: maxBytes }).catch((cause: NodeJS.ErrnoException) => {
      throw new TransportError(cause.code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'encoding', true, cause);
    });
  }
  return decoded;
}
