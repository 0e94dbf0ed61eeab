/**
 * Decodes the `Content-Encoding` of a delivery, with a bound on the output: a few kilobytes can unpack to gigabytes.
 */
import { promisify } from 'node:util';
import {
  brotliDecompress,
  brotliDecompressSync,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';
import { contentEncodings } from '../../encodings/content-encodings.ts';

interface Bound {
  readonly maxOutputLength: number;
}

interface Decoder {
  now(body: Buffer, bound: Bound): Buffer;
  soon(body: Buffer, bound: Bound): Promise<Buffer>;
}

const gzip: Decoder = { now: gunzipSync, soon: promisify<Buffer, Bound, Buffer>(gunzip) };
const zlib: Decoder = { now: inflateSync, soon: promisify<Buffer, Bound, Buffer>(inflate) };
const bare: Decoder = { now: inflateRawSync, soon: promisify<Buffer, Bound, Buffer>(inflateRaw) };
/** RFC 9110 defines "deflate" as zlib; some senders omit the zlib header. Its first byte shows which it is. */
const deflated = (body: Buffer): Decoder => (((body[0] ?? 0) & 0x0f) === 8 ? zlib : bare);

const decoders: Readonly<Record<string, Decoder>> = {
  gzip,
  'x-gzip': gzip,
  br: { now: brotliDecompressSync, soon: promisify<Buffer, Bound, Buffer>(brotliDecompress) },
  zstd: { now: zstdDecompressSync, soon: promisify<Buffer, Bound, Buffer>(zstdDecompress) },
  deflate: {
    now: (body, bound) => deflated(body).now(body, bound),
    soon: (body, bound) => deflated(body).soon(body, bound),
  },
};
const maxLayers = 2;
/** Unverified bodies that are decompressed at once; each may reach its webhook's maximum size. */
const maxUnverified = 4;

/**
 * The decoded body; the body itself if it has no encoding. null if it cannot be decoded: unknown, broken, or larger
 * than `maxBytes`.
 */
export function decodeContent(body: Buffer, contentEncoding: string | undefined, maxBytes: number): Buffer | null {
  const steps = stepsOf(contentEncoding);
  if (steps === null) return null;
  try {
    return steps.reduce((decoded, decoder) => decoder.now(decoded, { maxOutputLength: maxBytes }), body);
  } catch {
    return null;
  }
}

let unverified = 0;

/** The same in a worker thread, for bodies of unverified senders; null also if too many are being decompressed. */
export async function decodeForSignature(
  body: Buffer,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Buffer | null> {
  const steps = stepsOf(contentEncoding);
  if (steps === null || unverified >= maxUnverified) return null;
  unverified += 1;
  try {
    let decoded = body;
    for (const decoder of steps) decoded = await decoder.soon(decoded, { maxOutputLength: maxBytes });
    return decoded;
  } catch {
    return null;
  } finally {
    unverified -= 1;
  }
}

export function isEncoded(contentEncoding: string | undefined): boolean {
  return contentEncodings(contentEncoding).length > 0;
}

/** In the order of decoding; null if one is unknown. */
function stepsOf(contentEncoding: string | undefined): Decoder[] | null {
  const layers = contentEncodings(contentEncoding).reverse();
  const steps = layers.flatMap((layer) => decoders[layer] ?? []);
  return steps.length === layers.length && layers.length <= maxLayers ? steps : null;
}
