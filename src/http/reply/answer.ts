/** What a route answers, as a value: it can be sent now, and kept for an `Idempotency-Key`. */
import type { FastifyReply } from 'fastify';

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const jsonContentType = 'application/json; charset=utf-8';

/** `body` as JSON. Bytes are taken as JSON that is ready to send. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': jsonContentType, ...headers },
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  };
}

export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers);
  return answer.status === 204 ? reply.send() : reply.send(answer.body);
}
