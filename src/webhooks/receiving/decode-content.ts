/** Undoing the `Content-Encoding` of a delivery, with a bound on what comes out: a few kilobytes can unpack to gigabytes. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

type Decoder = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  // RFC 9110 means zlib by "deflate"; some senders write it bare. The first byte of zlib's header tells.
  deflate: (body, options) =>
    ((body[0] ?? 0) & 0x0f) === 8 ? inflateSync(body, options) : inflateRawSync(body, options),
};
const maxLayers = 2;

/**
 * The body as it was before its encoding; itself where it has none. Null where it cannot be undone: unknown or broken, or
 * larger than `maxBytes`.
 *
 * Not in the thread pool: an event is rendered in one go, and the bound is that of the webhook.
 */
export function decodeContent(body: Buffer, contentEncoding: string | undefined, maxBytes: number): Buffer | null {
  const layers = layersOf(contentEncoding);
  if (layers.length > maxLayers) return null;
  let decoded = body;
  for (const layer of layers.reverse()) {
    const decode = decoders[layer];
    if (decode === undefined) return null;
    try {
      decoded = decode(decoded, { maxOutputLength: maxBytes });
    } catch {
      return null;
    }
  }
  return decoded;
}

export function isEncoded(contentEncoding: string | undefined): boolean {
  return layersOf(contentEncoding).length > 0;
}

function layersOf(contentEncoding: string | undefined): string[] {
  if (contentEncoding === undefined) return [];
  return contentEncoding
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
}
