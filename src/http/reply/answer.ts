/** A route's answer as a value: it can be sent now, and stored for an `Idempotency-Key`. */
import type { FastifyReply } from 'fastify';

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Stored for an `Idempotency-Key` whatever its status: the request was made and must not be made again. */
  readonly isFinal?: boolean;
  /** The body for a repetition under the same `Idempotency-Key`, without the secrets that are shown only once. */
  readonly repeatedBody?: Buffer;
  /**
   * False if part of the request may still succeed: a repetition under the same `Idempotency-Key` then runs again.
   * Default: true.
   */
  readonly isSettled?: boolean;
}

export const jsonContentType = 'application/json; charset=utf-8';

/** `body` as JSON. A Buffer is sent as it is. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': jsonContentType, ...headers },
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  };
}

/** An answer that shows secrets once: `secrets` are the members of `body` that a repetition omits. */
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
