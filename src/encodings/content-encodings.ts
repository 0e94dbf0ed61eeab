/** The encodings of a body in the order in which they were applied, as `Content-Encoding` lists them. */
export function contentEncodings(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
}

/**
 * Whether a "deflate" body starts as RFC 9110 defines it, with a zlib header; some servers omit it. `first` is the
 * body's first byte.
 */
export function hasZlibHeader(first: number | undefined): boolean {
  return ((first ?? 0) & 0x0f) === 8;
}
