/** A request's raw bytes, as many as are taken. */
import type { IncomingMessage } from 'node:http';

/** What is thrown away of a body that is too large, so that its sender gets to read the answer, before it is cut off. */
const mostDiscardedBytes = 32 * 1024 * 1024;

/**
 * The whole body, or why there is none. No more than `maxBytes` are ever kept; a body that announces itself as far too
 * large is not read at all, and its connection must then be closed.
 */
export function readBoundedBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | 'too large' | 'broken off'> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes + mostDiscardedBytes) return Promise.resolve('too large');
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let sizeBytes = 0;
    const finish = (outcome: Buffer | 'too large' | 'broken off'): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else chunks = [];
      if (sizeBytes > maxBytes + mostDiscardedBytes) finish('too large');
    };
    const onEnd = (): void => {
      if (sizeBytes > maxBytes) finish('too large');
      else finish(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    };
    const onClose = (): void => finish('broken off');
    if (request.readableEnded) return finish(Buffer.alloc(0));
    if (request.destroyed) return finish('broken off');
    request.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose);
  });
}
