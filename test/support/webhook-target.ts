/** A foreign server that receives webhooks' events. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Cleanup, closeInReverse } from './cleanup.ts';

export interface Received {
  readonly body: string;
  readonly headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it.
  readonly json: any;
}

export interface Target {
  readonly url: string;
  readonly received: Received[];
}

/** Answers as `answer` says; default 200. */
export async function startTarget(
  t: Cleanup,
  answer: (received: Received, reply: ServerResponse, count: number) => void = (_, reply) => void reply.end(),
): Promise<Target> {
  closeInReverse(t);
  const received: Received[] = [];
  const server = createServer(async (request: IncomingMessage, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const one = { body, headers: request.headers as Record<string, string>, json: JSON.parse(body) };
    received.push(one);
    answer(one, reply, received.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, received };
}
