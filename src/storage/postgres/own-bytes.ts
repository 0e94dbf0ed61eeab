/**
 * Copies bytes that will be kept. Most Buffers are a view of a larger block (of a pool or a socket, 64 KiB), which
 * stays in memory as long as any view of it: keeping 2 KB would keep 64 KB, and no byte limit would hold.
 */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  bytes.copy(own);
  return own;
}
