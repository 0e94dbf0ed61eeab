/**
 * Bytes for keeping. Most Buffers are a view of a larger block, a pool's or a socket's of 64 KiB, which lives as long as
 * any view of it: 2 KB kept would be 64 KB kept, and no bound of bytes would hold.
 */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  bytes.copy(own);
  return own;
}
