import type { FastifyReply } from 'fastify';

/** The abort reason of a request whose caller disconnected. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft';
}

/** A signal that aborts if the caller disconnects before the answer is sent. */
export function abortWhenCallerLeaves(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new CallerLeft('the caller has left'));
  });
  return controller.signal;
}
