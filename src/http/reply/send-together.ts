/**
 * Sends the answers of one turn of the event loop together, at its end.
 *
 * Each write to a socket may wake the process that waits behind it, which costs as much as all other work on an answer from
 * memory. A process that is still reading the last answer is not woken for the next one.
 */
import type { FastifyReply } from 'fastify';

interface Waiting {
  readonly reply: FastifyReply;
  readonly body: Buffer;
}

let waiting: Waiting[] = [];

/** For handlers that are not async: Fastify takes the end of an async one for the end of its answer. */
export function sendTogether(reply: FastifyReply, body: Buffer): void {
  if (waiting.push({ reply, body }) === 1) setImmediate(sendAll);
}

function sendAll(): void {
  const replies = waiting;
  waiting = [];
  for (const { reply, body } of replies) {
    try {
      reply.send(body);
    } catch (error) {
      // A header that HTTP does not allow: answered as if the handler had thrown.
      reply.send(error as Error);
    }
  }
}
