/** Reads a request's raw bytes, up to a bound. */
import type { IncomingMessage } from 'node:http';

/**
 * How much of a body that is too large is discarded before the connection is cut. The answer goes out at once, but many
 * senders write their whole body before they read, and would see a broken connection instead.
 */
const mostDiscardedBytes = 32 * 1024 * 1024;

export type BoundedBody =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | {
      readonly kind: 'too large';
      /** The announced size, or the bytes read so far: more than the bound. */
      readonly sizeBytes: number;
      /** Reading has stopped: the connection must be closed with the answer. */
      readonly isAbandoned: boolean;
    }
  | { readonly kind: 'broken off' }
  /** The keeper has no room for more; the rest was or is being discarded, as for a body that is too large. */
  | { readonly kind: 'no room'; readonly isAbandoned: boolean };

/** Stores the chunks of a body. */
export interface BodyKeeper {
  /** False if there is no room for the chunk. */
  add(chunk: Buffer): boolean | Promise<boolean>;
  /** null if there is no room for the whole body. */
  whole(): Promise<Buffer | null>;
}

/** Resolves with the whole body, or with the reason as soon as it is known to be refused. Keeps at most `maxBytes`. */
export function readBoundedBody(
  request: IncomingMessage,
  maxBytes: number,
  keeper: BodyKeeper = keepInMemory(),
): Promise<BoundedBody> {
  return new Promise((resolve) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes + mostDiscardedBytes) {
      return resolve({ kind: 'too large', sizeBytes: announced, isAbandoned: true });
    }
    if (announced > maxBytes) {
      return discard(request, () => resolve({ kind: 'too large', sizeBytes: announced, isAbandoned: false }));
    }
    let sizeBytes = 0;
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
    const finish = (outcome: BoundedBody): void => {
      stop();
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) {
        const kept = keeper.add(chunk);
        if (kept === true) return;
        if (kept === false) {
          onNoRoom();
          return;
        }
        request.pause();
        kept.then((isKept) => {
          if (isKept) request.resume();
          else onNoRoom();
        }, onNoRoom);
        return;
      }
      stop();
      discard(request, () => resolve({ kind: 'too large', sizeBytes, isAbandoned: false }));
    };
    const onNoRoom = (): void => {
      stop();
      const isAbandoned = announced - sizeBytes > mostDiscardedBytes;
      if (isAbandoned) resolve({ kind: 'no room', isAbandoned });
      else discard(request, () => resolve({ kind: 'no room', isAbandoned }));
    };
    const onEnd = (): void => {
      stop();
      keeper.whole().then(
        (body) => resolve(body === null ? { kind: 'no room', isAbandoned: false } : { kind: 'whole', body }),
        () => resolve({ kind: 'no room', isAbandoned: false }),
      );
    };
    const onClose = (): void => finish({ kind: 'broken off' });
    if (request.readableEnded) return onEnd();
    if (request.destroyed) return onClose();
    request.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose);
  });
}

function keepInMemory(): BodyKeeper {
  const chunks: Buffer[] = [];
  return {
    add: (chunk) => chunks.push(chunk) > 0,
    whole: async () => (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
  };
}

/**
 * For a body that is refused before it was read to the end: resolves when the answer may be sent. `isAbandoned`: see
 * above; no more of it is read.
 */
export function discardRest(request: IncomingMessage): Promise<{ readonly isAbandoned: boolean }> {
  return new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > mostDiscardedBytes) resolve({ isAbandoned: true });
    else discard(request, () => resolve({ isAbandoned: false }));
  });
}

/**
 * Reads on and discards, up to a bound. Calls `mayAnswer` at once, except on a connection that Node closes with the
 * answer: the bytes that the sender still writes would break it before the answer is read.
 */
function discard(request: IncomingMessage, mayAnswer: () => void): void {
  let leftBytes = mostDiscardedBytes;
  request.on('error', () => {});
  request.resume();
  request.on('data', (chunk: Buffer) => {
    leftBytes -= chunk.length;
    if (leftBytes < 0) request.destroy();
  });
  const isLast = request.httpVersion === '1.0' || /\bclose\b/i.test(request.headers.connection ?? '');
  if (isLast && !request.destroyed) request.once('close', mayAnswer);
  else mayAnswer();
}
