/** What a route answers, as a value: it can be sent now, and kept for an `Idempotency-Key`. */
import type { FastifyReply } from 'fastify';

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Kept for an `Idempotency-Key` whatever its status is: the request was made, and must not be made again. */
  readonly isFinal?: boolean;
  /** What a repetition under the same `Idempotency-Key` is told instead: the body without what is shown once. */
  readonly repeatedBody?: Buffer;
  /** False where part of what was asked may yet succeed: repeated under the same `Idempotency-Key` it runs again. Default: true. */
  readonly isSettled?: boolean;
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

/** An answer that shows secrets this once: `secrets` are the members of `body` that no repetition shows. */
export function answerShownOnce(
  status: number,
  body: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !secrets.includes(name)));
  return { ...jsonAnswer(status, body, headers), repeatedBody: Buffer.from(JSON.stringify(kept)) };
}

export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers);
  return answer.status === 204 || answer.status === 304 ? reply.send() : reply.send(answer.body);
}
