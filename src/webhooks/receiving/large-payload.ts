/**
 * Bodies that would hold up everybody else while they are parsed are parsed in a thread of their own: one a process, begun
 * when the first comes and ended when none has come for a while.
 */
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../../errors.ts';
import { isBundle, projectFile } from '../../project-files.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';
import { type Identity, identifyDelivery, type Naming, parsePayload } from './identify-delivery.ts';
import { payloadText } from './received-event.ts';

/** What is parsed at once, in the turn of its request: the worst that fits into it takes some 50 ms. */
export const maxParsedAtOnceBytes = 256 * 1024;

export type LargePayloadTask =
  | {
      readonly kind: 'identify';
      readonly naming: Naming;
      readonly headers: DeliveryHeaders;
      readonly body: Uint8Array;
      readonly contentType: string | null;
    }
  | { readonly kind: 'text'; readonly body: Uint8Array; readonly contentType: string | null };

/** Its JSON of a small body is worth keeping; that of a large one stays in the thread. */
export type IdentifiedDelivery = Identity & { readonly parsed?: unknown };

const idleMs = 30_000;
const deadlineMs = 60_000;
const maxHeapMb = 2_048;

/** What the delivery calls itself. Throws `SERVICE_UNAVAILABLE` where it could not be read in time. */
export async function identify(
  naming: Naming,
  headers: DeliveryHeaders,
  body: Buffer,
  contentType: string | null,
): Promise<IdentifiedDelivery> {
  if (body.length <= maxParsedAtOnceBytes) {
    const parsed = parsePayload(body, contentType);
    return { ...identifyDelivery(naming, headers, parsed), parsed };
  }
  const { eventTypeFrom, deliveryIdFrom, scheme, sourceService } = naming;
  const asked = { eventTypeFrom, deliveryIdFrom, scheme, sourceService };
  return (await ask({ kind: 'identify', naming: asked, headers: { ...headers }, body, contentType })) as Identity;
}

/** The payload as JSON text; undefined where it cannot travel as such: too deep, or no text. */
export async function largePayloadText(body: Buffer, contentType: string | null): Promise<string | undefined> {
  if (body.length <= maxParsedAtOnceBytes) return payloadText(body, contentType);
  return (await ask({ kind: 'text', body, contentType })) as string | undefined;
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
