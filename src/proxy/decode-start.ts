/** Decodes the beginning of a compressed body for the audit log; callers get the original bytes. */
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib';
import { hasZlibHeader } from '../encodings/content-encodings.ts';

const maxOutputLength = 4 * 1024 * 1024;
const partial: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength };
const decoders: Readonly<Record<string, (start: Buffer) => Buffer>> = {
  gzip: (start) => gunzipSync(start, partial),
  'x-gzip': (start) => gunzipSync(start, partial),
  deflate: (start) => (hasZlibHeader(start[0]) ? inflateSync(start, partial) : inflateRawSync(start, partial)),
  br: (start) => brotliDecompressSync(start, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
  zstd: (start) => zstdDecompressSync(start, { finishFlush: constants.ZSTD_e_flush, maxOutputLength }),
};

/** Returns the bytes themselves if they are not encoded, or not as declared. */
export function decodeStart(start: Buffer, encoding: string | undefined): Buffer {
  const decode = encoding === undefined ? undefined : decoders[encoding.trim().toLowerCase()];
  if (decode === undefined || start.length === 0) return start;
  try {
    return decode(start);
  } catch {
    return start;
  }
}
