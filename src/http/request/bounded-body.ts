/** A request's raw bytes, as many as are taken. */
import type { IncomingMessage } from 'node:http';

/**
 * What is thrown away of a body that is too large before its connection is cut. The answer is given at once; but many
 * senders write their whole body before they read, and would see a broken connection instead.
 */
const mostDiscardedBytes = 32 * 1024 * 1024;

export type BoundedBody =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | {
      readonly kind: 'too large';
      /** As announced, or as far as it has come: more than is taken. */
      readonly sizeBytes: number;
      /** Nothing more is read: the connection must be closed with the answer. */
      readonly isAbandoned: boolean;
    }
  | { readonly kind: 'broken off' }
  /** The keeper has none for more; as for one that is too large, the rest was or is discarded. */
  | { readonly kind: 'no room'; readonly isAbandoned: boolean };

/** Keeps the pieces of a body. */
export interface BodyKeeper {
  /** False where there is no room for the piece. */
  add(chunk: Buffer): boolean | Promise<boolean>;
  /** null where there is no room for the whole. */
  whole(): Promise<Buffer | null>;
}

/** The whole body, or, as soon as it is known, why there is none. No more than `maxBytes` are ever kept. */
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
 * For a body that was refused without having been read to its end: resolves when that may be answered. `isAbandoned`, as
 * above: nothing more of it is read.
 */
export function discardRest(request: IncomingMessage): Promise<{ readonly isAbandoned: boolean }> {
  return new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > mostDiscardedBytes) resolve({ isAbandoned: true });
    else discard(request, () => resolve({ isAbandoned: false }));
  });
}

/**
 * Reads on without keeping anything, so far and no further. `mayAnswer` is called at once, but for a connection that Node
 * closes with the answer: what its sender still writes would then break it before the answer is read.
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
