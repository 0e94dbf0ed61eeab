/**
 * The beginning of a body: most are small and there at once, and are better held whole. They can be kept, asked for
 * again where they are cut, and counted before they go on. But an upstream may send anything, at any pace.
 */
import { Readable } from 'node:stream';

export interface StartTerms {
  readonly maxBytes: number;
  readonly waitMs: number;
}

export type Start =
  | { readonly bytes: Buffer; readonly rest: null }
  /** Longer, or slower, than is waited for: all of it, the bytes that have come already first. */
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
