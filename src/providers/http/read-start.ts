/**
 * Reads the start of a body. Most bodies are small and arrive at once, so they are held whole: they can then be cached,
 * requested again if truncated, and counted before they go on. Others may be of any size and speed, and stream through.
 */
import { Readable } from 'node:stream';

export interface StartTerms {
  readonly maxBytes: number;
  readonly waitMs: number;
}

export type Start =
  | { readonly bytes: Buffer; readonly rest: null }
  /** Too long or too slow to hold: the whole body as a stream, starting with the bytes already received. */
  | { readonly bytes: null; readonly rest: Readable };

export async function readStart(body: Readable, { maxBytes, waitMs }: StartTerms): Promise<Start> {
  const chunks: Buffer[] = [];
  let size = 0;
  const chunksOf = body.iterator({ destroyOnReturn: false });
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), waitMs);
  });
  let pending: Promise<IteratorResult<Buffer>> | null = null;
  try {
    while (size <= maxBytes && !isLate) {
      pending = chunksOf.next() as Promise<IteratorResult<Buffer>>;
      const next = await Promise.race([pending, late]);
      if (next === 'late') {
        isLate = true;
        break;
      }
      pending = null;
      if (next.done === true) return { bytes: Buffer.concat(chunks), rest: null };
      chunks.push(next.value);
      size += next.value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  pending?.catch(() => {});
  return { bytes: null, rest: Readable.from(restOf(chunks, pending, chunksOf, body), { objectMode: false }) };
}

async function* restOf(
  chunks: readonly Buffer[],
  pending: Promise<IteratorResult<Buffer>> | null,
  chunksOf: AsyncIterator<Buffer>,
  body: Readable,
): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
    for (let next = pending ?? chunksOf.next(); ; next = chunksOf.next()) {
      const { done, value } = await next;
      if (done === true) return;
      yield value;
    }
  } finally {
    body.destroy();
  }
}
