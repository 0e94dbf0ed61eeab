/** Connects the upstream's streamed response to the caller's, at the caller's pace. */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Delivery {
  /** Resolves when an answer begins. */
  readonly begun: Promise<Head & { readonly body: Readable }>;
  begin(head: Head): void;
  /** Resolves when there is room for more, or the caller has left. */
  write(chunk: Buffer, stallMs: number): Promise<void>;
  isOpen(): boolean;
  finish(): void;
  /** The caller sees a truncated response, not a regular end. */
  cut(reason: Error): void;
}

const roomBytes = 64 * 1024;

export function createDelivery(): Delivery {
  const body = new PassThrough({ highWaterMark: roomBytes });
  // A caller that disconnects is not an error; the writer checks whether it is open.
  body.on('error', () => {});
  let tell: (begun: Head & { readonly body: Readable }) => void = () => {};
  const begun = new Promise<Head & { readonly body: Readable }>((resolve) => {
    tell = resolve;
  });
  return {
    begun,
    begin: (head) => tell({ ...head, body }),
    isOpen: () => !body.destroyed,
    async write(chunk, stallMs) {
      if (body.destroyed || body.write(chunk)) return;
      const stalled = new AbortController();
      const timer = setTimeout(() => body.destroy(new Error('the caller takes nothing')), stallMs);
      await Promise.race([
        once(body, 'drain', { signal: stalled.signal }).catch(() => {}),
        once(body, 'close', { signal: stalled.signal }).catch(() => {}),
      ]);
      clearTimeout(timer);
      stalled.abort();
    },
    finish: () => void body.end(),
    cut: (reason) => void body.destroy(reason),
  };
}
