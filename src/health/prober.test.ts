import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../test/support/database.ts';
import { systemClock } from '../clock.ts';
import type { ExternalService } from '../directory/service.ts';
import { runRound } from './prober.ts';

test('a round asks every active service but a sender of webhooks without an address', async () => {
  const service = (id: string, members: Partial<ExternalService> = {}) =>
    ({ id, serviceType: 'api', baseUrl: 'https://api.example.com', isActive: true, ...members }) as ExternalService;
  const probed: string[] = [];
  await runRound(
    {
      clock: systemClock,
      logger: silentLogger,
      intervalMs: 1_000,
      timeoutMs: 1_000,
      servicesOfAllTenants: async () => [
        service('api'),
        service('inactive', { isActive: false }),
        service('sender', { serviceType: 'webhook', baseUrl: null }),
        service('sender with an API', { serviceType: 'webhook' }),
        service('vendor', { serviceType: 'geocoding', baseUrl: null }),
      ],
      lastAttempts: async () => new Map(),
      probe: async ({ id }) => void probed.push(id),
      tryHold: async () => true,
      release: async () => {},
    },
    new AbortController().signal,
  );
  assert.deepEqual(probed, ['api', 'sender with an API', 'vendor']);
});
