/** The map of the Playground with tiles of another host: under the console's policy, and with the referrer that tile servers ask for. */
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

test('tiles are shown under the console’s policy and asked for with a referrer, pins are counted, and without tiles nothing is asked', async (t: TestContext) => {
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
  assert.deepEqual([...referrers], [`${service.url}/`], 'the origin alone: no address that was asked for');
  // Requests to another host are faults: here they are the tiles, and nothing was refused.
  assert.deepEqual(
    faults.filter((fault) => !fault.startsWith(`${origin}/`)),
    [],
  );
});
