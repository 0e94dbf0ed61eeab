import type { FastifyReply } from 'fastify';

/** Aborts when the caller hangs up before the answer was sent. */
export function abortWhenCallerLeaves(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the caller has left'));
  });
  return controller.signal;
}
