/** The thread of `large-payload.ts`. */
import { parentPort } from 'node:worker_threads';
import { identifyDelivery, parsePayload } from './identify-delivery.ts';
import type { LargePayloadTask } from './large-payload.ts';
import { payloadText } from './received-event.ts';

parentPort?.on('message', ({ number, task }: { number: number; task: LargePayloadTask }) => {
  const body = Buffer.from(task.body.buffer, task.body.byteOffset, task.body.byteLength);
  const answer =
    task.kind === 'text'
      ? payloadText(body, task.contentType)
      : identifyDelivery(task.naming, task.headers, parsePayload(body, task.contentType));
  parentPort?.postMessage({ number, answer });
});
