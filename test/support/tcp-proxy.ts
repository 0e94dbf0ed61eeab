/** A proxy between a client and a real server, which can cut connections or go silent. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Cleanup, closeInReverse } from './cleanup.ts';

export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** `url` with host and port replaced by the proxy's. */
  through(url: string): string;
  /** Resets every connection and refuses new ones until `resume`. */
  cut(): void;
  /** Accepts and keeps connections, but passes no bytes until `resume`. */
  stall(): void;
  resume(): void;
  /** Like a router that lost its table: open connections stay open and never pass a byte again; new ones work. */
  forget(): void;
  /** Sends bytes to every client, as if the server had: between its own messages, if it is idle. */
  inject(bytes: Buffer): void;
  /** Connections accepted so far. */
  connectionCount(): number;
}

/** `target` is a URL or `{host, port}`. Closed after `t`. */
export async function startTcpProxy(t: Cleanup, target: string | { host: string; port: number }): Promise<TcpProxy> {
  closeInReverse(t);
  const address = typeof target === 'string' ? addressOf(target) : target;
  const sockets = new Set<Socket>();
  const forgotten = new Set<Socket>();
  const clients = new Set<Socket>();
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  let accepted = 0;

  const server = createServer((near) => {
    accepted += 1;
    if (mode === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(address.port, address.host);
    clients.add(near);
    near.on('close', () => clients.delete(near));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        if (!forgotten.has(socket)) other.destroy();
      });
      socket.pipe(other);
      if (mode === 'stalled') socket.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  t.after(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of [...sockets, ...forgotten]) socket.destroy();
    await closed;
  });

  return {
    host: '127.0.0.1',
    port,
    through(url) {
      const through = new URL(url);
      through.hostname = '127.0.0.1';
      through.port = String(port);
      return through.href;
    },
    cut() {
      mode = 'cut';
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stall() {
      mode = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    resume() {
      mode = 'open';
      for (const socket of sockets) socket.resume();
    },
    forget() {
      for (const socket of sockets) {
        socket.pause();
        forgotten.add(socket);
      }
      sockets.clear();
    },
    inject: (bytes) => {
      for (const client of clients) client.write(bytes);
    },
    connectionCount: () => accepted,
  };
}

const defaultPorts: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'redis:': 6379,
  'amqp:': 5672,
  'http:': 80,
};

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: port === '' ? (defaultPorts[protocol] ?? 0) : Number(port) };
}
