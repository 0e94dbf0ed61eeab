/**
 * Parses bodies that would block the event loop in a separate thread: one per process, started on demand and ended
 * after an idle time.
 */
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../../errors.ts';
import { isBundle, projectFile } from '../../files/project-files.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';
import { decodeContent, isEncoded } from './decode-content.ts';
import { contentOf, type Identity, identifyDelivery, type Naming } from './identify-delivery.ts';
import { type RenderedPayload, renderPayload } from './payload.ts';
import { type ReadBody, readBody } from './read-body.ts';

/** Up to this size a body is parsed within its request: the worst case takes about 50 ms. */
export const maxParsedAtOnceBytes = 256 * 1024;

interface TaskBody {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly contentEncoding: string | undefined;
}

export type LargePayloadTask =
  | (TaskBody & { readonly kind: 'identify'; readonly naming: Naming; readonly headers: DeliveryHeaders })
  | (TaskBody & { readonly kind: 'payload' });

/** The parsed form of a small body is kept; that of a large one stays in the thread. */
export type IdentifiedDelivery = Identity & { readonly read?: ReadBody };

const idleMs = 30_000;
const deadlineMs = 60_000;
const maxHeapMb = 2_048;

/** Reads type and id of the delivery. Throws `SERVICE_UNAVAILABLE` if that takes too long. */
export async function identify(
  naming: Naming,
  headers: DeliveryHeaders,
  body: Buffer,
  contentType: string | null,
): Promise<IdentifiedDelivery> {
  const contentEncoding = headers['content-encoding'];
  if (isQuick(body, contentEncoding)) {
    const read = readBody(body, contentType, contentEncoding);
    return { ...identifyDelivery(naming, contentOf(headers, body, read)), read };
  }
  const { eventTypeFrom, deliveryIdFrom, signedHeaders, targets, storedType } = naming;
  const asked = {
    eventTypeFrom,
    deliveryIdFrom,
    signedHeaders,
    targets,
    ...(storedType === undefined ? {} : { storedType }),
  };
  const task = {
    kind: 'identify',
    naming: asked,
    headers: { ...headers },
    body,
    contentType,
    contentEncoding,
  } as const;
  return (await ask(task)) as Identity;
}

/** The full payload, of any size. Throws `SERVICE_UNAVAILABLE` if that takes too long. */
export async function wholePayload(
  body: Buffer,
  contentType: string | null,
  contentEncoding: string | undefined,
): Promise<RenderedPayload> {
  if (isQuick(body, contentEncoding)) {
    return renderPayload(readBody(body, contentType, contentEncoding), Number.POSITIVE_INFINITY);
  }
  return (await ask({ kind: 'payload', body, contentType, contentEncoding })) as RenderedPayload;
}

function isQuick(body: Buffer, contentEncoding: string | undefined): boolean {
  if (body.length > maxParsedAtOnceBytes) return false;
  return !isEncoded(contentEncoding) || decodeContent(body, contentEncoding, maxParsedAtOnceBytes) !== null;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

let thread: { readonly worker: Worker; readonly waiting: Map<number, Waiting>; idle: NodeJS.Timeout | null } | null =
  null;
let lastNumber = 0;

function ask(task: LargePayloadTask): Promise<unknown> {
  thread ??= startThread();
  const { worker, waiting } = thread;
  const number = ++lastNumber;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => void worker.terminate(), deadlineMs);
    const settle = (): void => {
      clearTimeout(timer);
      waiting.delete(number);
      if (waiting.size === 0) worker.unref();
    };
    waiting.set(number, {
      resolve(answer) {
        settle();
        resolve(answer);
      },
      reject(error) {
        settle();
        reject(error);
      },
    });
    worker.ref();
    worker.postMessage({ number, task });
  });
}

function startThread(): NonNullable<typeof thread> {
  const waiting = new Map<number, Waiting>();
  const file = isBundle
    ? projectFile('large-payload-thread.mjs')
    : new URL('./large-payload-thread.ts', import.meta.url);
  const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } });
  const started = { worker, waiting, idle: null as NodeJS.Timeout | null };
  worker.on('message', ({ number, answer }: { number: number; answer: unknown }) => {
    waiting.get(number)?.resolve(answer);
    if (started.idle !== null) clearTimeout(started.idle);
    started.idle = setTimeout(() => waiting.size === 0 && void worker.terminate(), idleMs).unref();
  });
  const end = (cause?: unknown): void => {
    if (thread === started) thread = null;
    for (const { reject } of [...waiting.values()]) {
      reject(
        new ServiceError('SERVICE_UNAVAILABLE', 'The body could not be read now.', { retryAfterSeconds: 5, cause }),
      );
    }
  };
  worker.on('error', end);
  worker.on('exit', () => end());
  worker.unref();
  return started;
}
