/** A `ProviderHttp` to the emulator, to test an adapter against the vendor's emulation. */
import { startEmulator } from '../../emulator/start.ts';
import type { ProviderAccount, ProviderHttp } from '../../src/providers/provider.ts';
import type { Cleanup } from './cleanup.ts';
import { testAccount } from './provider-http.ts';

export async function startEmulatedHttp(t: Cleanup): Promise<{ http: ProviderHttp; account: ProviderAccount }> {
  const emulator = await startEmulator({ port: 0 });
  t.after(() => emulator.close());
  return {
    account: testAccount({ baseUrl: emulator.url }),
    http: {
      mask: () => undefined,
      open: () => Promise.reject(new Error('unused')),
      async send({ method, url, headers = {}, body = null }) {
        const reply = await fetch(url, { method, headers, body: body === null ? null : String(body) });
        const { status } = reply;
        return { status, headers: Object.fromEntries(reply.headers), body: Buffer.from(await reply.arrayBuffer()) };
      },
    },
  };
}
