/** Closes the listener gracefully: requests in progress are answered, and requests already sent are still accepted. */
import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const idleSweepMs = 50;
const takeUpWaitingMs = 250;

/** Requests still in progress after `graceMs` are cut off. */
export async function closeApp(app: FastifyInstance, graceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  // A keep-alive connection stays open after its last answer and would delay the shutdown.
  const sweep = setInterval(() => app.server.closeIdleConnections(), idleSweepMs);
  await takeUpWaiting(app.server);
  await app.close();
  clearTimeout(cut);
  clearInterval(sweep);
}

/**
 * On a busy process the kernel has accepted connections that the process has not: closing would reset them, together
 * with requests sent before the shutdown. Each turn of the event loop takes up one of them; a bound ends the loop if
 * more keep coming.
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
