/**
 * The Playground's map with tiles of another host: allowed by the console's policy, and with the referrer that tile
 * servers require.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

const tile = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('tiles are allowed by the console’s policy and requested with a referrer, pins are numbered, and without tiles no host is asked', async (t: TestContext) => {
  const referrers = new Set<string | undefined>();
  const tiles = createServer((request, reply) => {
    referrers.add(request.headers.referer);
    reply.setHeader('content-type', 'image/png').end(tile);
  });
  await new Promise<void>((resolve) => tiles.listen(0, '127.0.0.1', resolve));
  t.after(() => tiles.close());
  const origin = `http://127.0.0.1:${(tiles.address() as AddressInfo).port}`;
  const service = await startTestService(t, { CONSOLE_TILE_URL: `${origin}/{z}/{x}/{y}.png` });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/playground?address=Ташкент`);
  await signIn(page, service);
  await page.waitForFunction(() => document.querySelectorAll('.leaflet-tile-loaded').length > 3);
  await page.getByText('© OpenStreetMap contributors').waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).press('Enter');
  await page.getByRole('region', { name: 'Answers' }).getByRole('row').nth(1).waitFor();
  await page.locator('.map-pin', { hasText: '1' }).waitFor();
  await page.getByRole('button', { name: 'Zoom in' }).press('Enter');
  assert.deepEqual([...referrers], [`${service.url}/`], 'only the origin, without the address in question');
  // Requests to another host count as faults: here they are exactly the tiles, and none was blocked.
  assert.deepEqual(
    faults.filter((fault) => !fault.startsWith(`${origin}/`)),
    [],
  );

  const without = await startTestService(t);
  const second = await openBrowser(t, without.url);
  const opened = await second.page.goto(`${without.url}/console/playground?address=Ташкент`);
  assert.match(opened?.headers()['content-security-policy'] ?? '', /img-src 'self' data:(;|$)/);
  await signIn(second.page, without);
  await second.page.getByRole('button', { name: 'Ask', exact: true }).press('Enter');
  await second.page.locator('.map-pin', { hasText: '1' }).waitFor();
  assert.deepEqual(second.faults, [], 'another host was asked');
});
