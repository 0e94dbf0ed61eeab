/** The thread of `large-payload.ts`. */
import { parentPort } from 'node:worker_threads';
import { contentOf, identifyDelivery } from './identify-delivery.ts';
import type { LargePayloadTask } from './large-payload.ts';
import { renderPayload } from './payload.ts';
import { readBody } from './read-body.ts';

parentPort?.on('message', ({ number, task }: { number: number; task: LargePayloadTask }) => {
  const body = Buffer.from(task.body.buffer, task.body.byteOffset, task.body.byteLength);
  const read = readBody(body, task.contentType, task.contentEncoding);
  const answer =
    task.kind === 'payload'
      ? renderPayload(read, Number.POSITIVE_INFINITY)
      : identifyDelivery(task.naming, contentOf(task.headers, body, read));
  parentPort?.postMessage({ number, answer });
});
