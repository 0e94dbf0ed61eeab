import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A connection opened just now may still send its first request. */
const firstBytesMs = 250;

/**
 * On shutdown, closes connections that never sent anything. Browsers and load balancers open some in advance, and Node
 * counts them as busy until their first request is served: one of them would delay the shutdown.
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
