/** The end of the listener: requests in hand are answered, and those that were sent already are still taken. */
import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const idleSweepMs = 50;
const takeUpWaitingMs = 250;

/** Requests that are still in hand after `graceMs` are cut. */
export async function closeApp(app: FastifyInstance, graceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  // A connection whose last answer has gone out would stay open for its next request, and hold up the end.
  const sweep = setInterval(() => app.server.closeIdleConnections(), idleSweepMs);
  await takeUpWaiting(app.server);
  await app.close();
  clearTimeout(cut);
  clearInterval(sweep);
}

/**
 * A busy process has connections that the kernel took and it did not: to close would reset them, and with them requests
 * that were sent before anybody said stop. A turn of the event loop takes up one of them; where others keep coming, the
 * bound ends it.
 */
async function takeUpWaiting(server: Server): Promise<void> {
  let taken = 0;
  const count = (): void => {
    taken += 1;
  };
  server.on('connection', count);
  const endsAtMs = performance.now() + takeUpWaitingMs;
  let before: number;
  do {
    before = taken;
    await nextTurn();
    await nextTurn();
  } while (taken > before && performance.now() < endsAtMs);
  server.off('connection', count);
}
