import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A first request may be on its way on a connection that was opened just now. */
const firstBytesMs = 250;

/**
 * Closes, when the app closes, the connections on which nothing was ever sent. Browsers and load balancers open some
 * ahead, and Node counts them as busy until a first request has been served: one of them would hold up the end.
 */
export function closeSilentConnections(app: FastifyInstance): void {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, firstBytesMs).unref();
    done();
  });
}
