/** Sends one request to a sender's own API. */

import { parseSliced } from '../../encodings/sliced-json.ts';
import type { Outbound } from '../../outbound/http-client.ts';
import { parseExactly } from './exact-json.ts';

export interface CollectorCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The sender's API refused the request: contains its status, but not the address, which may hold the token. */
export class CollectorRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the sender's API answered ${status}`);
    this.name = 'CollectorRefused';
    this.status = status;
  }
}

const timeoutMs = 10_000;
const maxReplyBytes = 4 * 1024 * 1024;

/** Throws `CollectorRefused` for anything but 2xx, and `TransportError`. */
export async function callSender(
  outbound: Pick<Outbound, 'request'>,
  call: CollectorCall,
): Promise<{ readonly json: unknown; readonly headers: Readonly<Record<string, string>> }> {
  const reply = await outbound.request({ ...call, maxReplyBytes, deadlineAtMs: Date.now() + timeoutMs });
  if (reply.status < 200 || reply.status >= 300) throw new CollectorRefused(reply.status);
  return { json: await parseJson(reply.body), headers: reply.headers };
}

async function parseJson(body: Buffer): Promise<unknown> {
  try {
    // 64-bit ids arrive as numbers; rounding them would give another id.
    return body.length === 0 ? null : await parseSliced(body.toString('utf8'), parseExactly);
  } catch {
    return null;
  }
}
