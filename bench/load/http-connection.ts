/**
 * HTTP/1.1 on one keep-alive connection, one request at a time, with as little work as possible: on two cores a load
 * generator that costs more than the server would measure itself.
 */
import { connect, type Socket } from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('0\r\n\r\n');

export interface HttpConnection {
  /** The last reply other than 200, complete, for the report of a failed run. */
  lastNotOk(): string | null;
  /** Sends the raw bytes of one request; resolves with the status when the whole reply has arrived. */
  exchange(request: Buffer): Promise<number>;
  close(): void;
}

export async function openHttpConnection(host: string, port: number): Promise<HttpConnection> {
  const socket: Socket = connect(port, host);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received: Buffer = Buffer.alloc(0);
  let notOk: string | null = null;
  let waiting: { resolve(status: number): void; reject(error: Error): void } | null = null;
  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = null;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const headLength = received.indexOf(headEnd);
    if (headLength < 0 || !isComplete(received, headLength)) return;
    const status = Number(received.toString('latin1', 9, 12));
    if (status !== 200) notOk = received.toString();
    received = Buffer.alloc(0);
    const done = waiting;
    waiting = null;
    done?.resolve(status);
  });
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    lastNotOk: () => notOk,
    close: () => socket.destroy(),
  };
}

function isComplete(received: Buffer, headLength: number): boolean {
  const head = received.toString('latin1', 0, headLength).toLowerCase();
  const at = head.indexOf('content-length:');
  if (at >= 0) return received.length >= headLength + headEnd.length + Number.parseInt(head.slice(at + 15), 10);
  return received.subarray(-lastChunk.length).equals(lastChunk);
}

/** The bytes of a request. */
export function renderRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const lines = Object.entries({
    host: 'localhost',
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
