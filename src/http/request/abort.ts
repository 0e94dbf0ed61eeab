import type { FastifyReply } from 'fastify';

/** Why a request was given up whose answer nobody would read. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft';
}

/** Aborts when the caller hangs up before the answer was sent. */
export function abortWhenCallerLeaves(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new CallerLeft('the caller has left'));
  });
  return controller.signal;
}
