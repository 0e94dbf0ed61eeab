/** Reads bodies completely before they are passed on, if a signature covers them. */
import { Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';

const maxMebibytes = 10;
const maxBytes = maxMebibytes * 1024 * 1024;

interface WithBody {
  readonly body: Buffer | Readable | null;
  readonly upload: unknown;
  readonly lengthBytes: number | null;
}

/** The request with its body in memory. Throws `PAYLOAD_TOO_LARGE` above 10 MiB. */
export async function heldWhole<Request extends WithBody>(request: Request): Promise<Request> {
  const { body, lengthBytes } = request;
  if (!(body instanceof Readable)) return request;
  if (lengthBytes !== null && lengthBytes > maxBytes) throw tooLarge(body);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new ServiceError('INVALID_REQUEST', 'The body was cut off.', { cause: error });
  }
  if (sizeBytes > maxBytes) throw tooLarge(body);
  return { ...request, body: Buffer.concat(chunks), upload: null, lengthBytes: null };
}

/** The rest is read and dropped: many senders write their whole body before they read an error. */
function tooLarge(body: Readable): ServiceError {
  body.resume();
  const detail = `This service signs the body, and can do so up to ${maxMebibytes} MiB.`;
  return new ServiceError('PAYLOAD_TOO_LARGE', detail);
}
