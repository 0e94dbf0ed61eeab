/** The encodings of a body in the order in which they were applied, as `Content-Encoding` lists them. */
export function contentEncodings(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
}
