/** Cuts bodies that take too long to arrive, since their senders hold connections for nothing. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerMalformedHttp } from './malformed-http.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A body may take any time as long as bytes keep coming. */
    bodyMayFlow?: boolean;
  }
}

/** How often a body is checked within its bound. */
const checksPerBound = 4;
/** How long a refused sender has to read the answer. */
const readableForMs = 1_000;

/**
 * Cuts a body that has not arrived completely after `boundMs` milliseconds; on a route with `bodyMayFlow`, a body
 * without new bytes for that long. Once it is answered, a flowing body has as much time for the rest.
 */
export function cutSlowBodies(app: FastifyInstance, boundMs: number): void {
  let begun: (() => void)[] = [];
  const watchBegun = (): void => {
    const due = begun;
    begun = [];
    for (const watchNow of due) watchNow();
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (bringsBody(request.raw)) {
      // Most bodies arrive with their headers and need no timer.
      if (begun.length === 0) setImmediate(watchBegun);
      begun.push(() => {
        if (!request.raw.complete && !request.raw.destroyed) watch(request, reply, boundMs);
      });
    }
    done();
  });
}

function bringsBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function watch(request: FastifyRequest, reply: FastifyReply, boundMs: number): void {
  const { raw } = request;
  const { socket } = raw;
  const mayFlow = request.routeOptions.config.bodyMayFlow === true;
  let seenBytes = socket.bytesRead;
  let checks = 0;
  let silentFor = 0;
  let answeredFor = 0;
  const timer = setInterval(() => {
    if (raw.complete) return clearInterval(timer);
    checks += 1;
    // Unread bytes here wait for the upstream, not for the sender.
    const hasMoved = socket.bytesRead !== seenBytes || raw.readableLength > 0;
    silentFor = hasMoved ? 0 : silentFor + 1;
    seenBytes = socket.bytesRead;
    if (reply.raw.writableEnded) answeredFor += 1;
    const spent = mayFlow ? Math.max(silentFor, answeredFor) : checks;
    if (spent < checksPerBound) return;
    clearInterval(timer);
    cut(request, reply);
  }, boundMs / checksPerBound);
  timer.unref();
  raw.once('close', () => clearInterval(timer));
}

/** A response that has started cannot become an error. */
function cut({ raw: { socket } }: FastifyRequest, reply: FastifyReply): void {
  if (reply.raw.headersSent) {
    socket.destroy();
    return;
  }
  answerMalformedHttp(Object.assign(new Error('slow body'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  setTimeout(() => socket.destroy(), readableForMs).unref();
}
