/** A `ProviderHttp` that answers from a list, to test how an adapter reads replies. */
import type { ProviderAccount, ProviderHttp, ProviderReply, ProviderRequest } from '../../src/providers/provider.ts';

export interface CannedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON if it is an object. */
  readonly body: string | Buffer | object;
}

/** Answers each request with the next of `replies`, and repeats the last one; `requests` are the requests so far. */
export function cannedHttp(
  ...replies: readonly CannedReply[]
): ProviderHttp & { readonly requests: ProviderRequest[] } {
  const requests: ProviderRequest[] = [];
  return {
    requests,
    mask: () => undefined,
    open: () => Promise.reject(new Error('unused')),
    async send(request): Promise<ProviderReply> {
      const reply = replies[Math.min(requests.length, replies.length - 1)] as CannedReply;
      requests.push(request);
      const text =
        typeof reply.body === 'string' || Buffer.isBuffer(reply.body) ? reply.body : JSON.stringify(reply.body);
      return { status: reply.status ?? 200, headers: reply.headers ?? {}, body: Buffer.from(text) };
    },
  };
}

export function testAccount(given: Partial<ProviderAccount> = {}): ProviderAccount {
  return {
    serviceId: '00000000-0000-7000-8000-000000000000',
    serviceName: 'test',
    baseUrl: null,
    apiKey: 'test-key',
    credentials: null,
    config: {},
    ...given,
  };
}
