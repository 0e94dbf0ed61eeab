/**
 * Streams an upstream's body to the caller: exactly as the adapter delivers it, at the caller's pace, holding only a
 * little of it. A cacheable body is also collected up to a bound; the audit log gets its beginning, its size and how it
 * ended.
 */
import type { Readable } from 'node:stream';
import type { Carried } from '../gateway/call.ts';
import { TransportError } from '../providers/provider.ts';
import { decodeStart } from './decode-start.ts';
import type { Delivery } from './delivery.ts';

/** Longer answers pass through without being cached. */
export const maxKeptBytes = 2 * 1024 * 1024;
/** As far as masking looks (`audit/body.ts`). */
const auditedBytes = 64 * 1024;

/** What was recorded of a body while it passed. */
export interface Passed {
  readonly start: Buffer;
  readonly sizeBytes: number;
}

export interface CarryTerms {
  readonly delivery: Delivery;
  readonly encoding: string | undefined;
  readonly keep: boolean;
  /** Called once if a body is too long to be cached. */
  onTooLong(): void;
  readonly idleMs: number;
  readonly totalMs: number;
  readonly upload: (() => Passed) | null;
  /** Aborts when no caller waits any more. */
  readonly signal: AbortSignal;
}

export interface CarriedAnswer {
  readonly carried: Carried;
  /** The whole body, if it is cacheable and not too long. */
  readonly kept: Buffer | null;
}

export async function carryBody(body: Readable, terms: CarryTerms): Promise<CarriedAnswer> {
  const { delivery, signal, idleMs } = terms;
  const start = createStart();
  let kept: Buffer[] | null = terms.keep ? [] : null;
  let isOverTime = false;
  const leave = (): void => void body.destroy();
  const timer = setTimeout(() => {
    isOverTime = true;
    body.destroy();
  }, terms.totalMs);
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });

  let failure: unknown = null;
  let isWhole = false;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      start.add(chunk);
      if (kept !== null && start.passed().sizeBytes > maxKeptBytes) {
        kept = null;
        terms.onTooLong();
      }
      kept?.push(chunk);
      await delivery.write(chunk, idleMs);
      // The first caller has left, but the answer is still worth caching for others.
      if (!delivery.isOpen() && kept === null) break;
    }
    isWhole = body.readableEnded;
  } catch (error) {
    failure = error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    body.destroy();
  }

  const { sizeBytes } = start.passed();
  const carried: Carried = {
    ...auditedOf(start.passed(), terms.encoding, terms.upload),
    fault: isWhole ? null : faultOf(failure, { isOverTime, hasLeft: signal.aborted || !delivery.isOpen(), sizeBytes }),
  };
  return { carried, kept: isWhole && kept !== null ? Buffer.concat(kept) : null };
}

/** The record of an answer that arrived completely before it was passed on. */
export function wholeCarried(body: Buffer, encoding: string | undefined, upload: (() => Passed) | null): Carried {
  const passed = { start: body.subarray(0, auditedBytes), sizeBytes: body.length };
  return { ...auditedOf(passed, encoding, upload), fault: null };
}

function auditedOf({ start, sizeBytes }: Passed, encoding: string | undefined, upload: (() => Passed) | null) {
  const sent = upload?.() ?? null;
  const text = decodeStart(start, encoding);
  return {
    responseBody: text,
    // For a complete compressed body, the decoded text has another length.
    responseSizeBytes: sizeBytes === start.length ? text.length : sizeBytes,
    requestBody: sent?.start ?? null,
    requestSizeBytes: sent?.sizeBytes ?? 0,
  };
}

function faultOf(
  failure: unknown,
  { isOverTime, hasLeft, sizeBytes }: { isOverTime: boolean; hasLeft: boolean; sizeBytes: number },
): NonNullable<Carried['fault']> {
  const after = `after ${sizeBytes} bytes`;
  if (isOverTime) {
    return {
      status: 'timeout',
      errorCode: 'TIMEOUT',
      errorMessage: `it took longer than it may, and was cut ${after}`,
    };
  }
  if (hasLeft) return { status: 'cancelled', errorCode: 'CANCELLED', errorMessage: `the caller left ${after}` };
  if (failure instanceof TransportError && failure.fault === 'timeout') {
    return { status: 'timeout', errorCode: 'TIMEOUT', errorMessage: `the provider fell silent ${after}` };
  }
  return { status: 'error', errorCode: 'CUT', errorMessage: `the provider cut it ${after}` };
}

/** Counts what passes, and keeps its beginning. */
export function createStart(): { add(chunk: Buffer): void; passed(): Passed } {
  const chunks: Buffer[] = [];
  let held = 0;
  let sizeBytes = 0;
  return {
    add(chunk) {
      sizeBytes += chunk.length;
      if (held >= auditedBytes) return;
      // A copy, because a slice would keep the whole chunk in memory.
      const part = Buffer.from(chunk.subarray(0, auditedBytes - held));
      held += part.length;
      chunks.push(part);
    },
    passed: () => ({ start: Buffer.concat(chunks), sizeBytes }),
  };
}
