/**
 * Writes all messages of one turn of the event loop together. rabbitmq-client corks its socket around each message, and
 * each socket write takes 20 to 90 µs of our CPU, more than all other work on a message. The socket is an undocumented
 * member of the library's connection; without it, messages are written one by one.
 */
import { Socket } from 'node:net';
import type { Connection } from 'rabbitmq-client';

export interface GatheredWrites {
  /** Call it before a publish: everything published in this turn is written together at its end. */
  gather(): void;
  /** True while writes are held back; the library then reports its connection as blocked. */
  isGathering(): boolean;
}

/** Prepares a connection for gathered writes. */
export function gatherWrites(connection: Connection): GatheredWrites {
  let known: Socket | null = null;
  let corked: Socket | null = null;

  const cork = (socket: Socket): void => {
    if (corked !== null) return;
    corked = socket;
    socket.cork();
    setImmediate(() => {
      corked = null;
      socket.uncork();
    });
  };

  return {
    gather() {
      const { _socket: socket } = connection as unknown as { readonly _socket?: unknown };
      if (!(socket instanceof Socket)) return;
      if (socket !== known) {
        known = socket;
        // A full socket pauses the library. The writes of its `drain` listener must be gathered too.
        socket.prependListener('drain', () => cork(socket));
      }
      cork(socket);
    },
    isGathering: () => corked !== null,
  };
}
