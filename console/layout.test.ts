/** What a designer saw wrong on the contact sheets: actions beyond an edge, a covered header, numbers out of line. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';

test('in Russian at 1280 every action of a token is in sight, tiles have their numbers on one line, and so have charts their tops', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  await page.getByRole('button', { name: 'Русский' }).click();
  await page.getByRole('button', { name: /^Отозвать/ }).waitFor();
  const hidden = await page
    .locator('main .table-box')
    .evaluateAll((boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth));
  assert.ok(hidden.length > 0 && hidden.every((pixels) => pixels <= 0), `${hidden.join()} px are beyond the edge`);

  await page.goto(`${service.url}/console?range=day`);
  await page.getByRole('figure', { name: 'Расходы' }).getByRole('img').waitFor();
  const topsOf = (selector: string): Promise<number[]> =>
    page.locator(selector).evaluateAll((found) => found.map((one) => Math.round(one.getBoundingClientRect().top)));
  assert.equal(new Set(await topsOf('.tile-value')).size, 1);
  assert.equal(new Set(await topsOf('.chart-grid .chart-box')).size, 2, 'two rows of charts');
  assert.deepEqual(faults, []);
});

test('on a phone the open menu covers no part of the header, and the header no part of the menu', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const hasTouch of [false, true]) {
    const { page, faults } = await openBrowser(t, service.url, {
      viewport: { width: 360, height: 740 },
      hasTouch,
      isMobile: hasTouch,
    });
    await page.goto(`${service.url}/console`);
    await signIn(page, service);
    await page.getByRole('button', { name: 'Menu' }).click();
    const signOut = page.getByRole('button', { name: 'Sign out' });
    await signOut.waitFor();
    const seen = (selector: string): Promise<boolean[]> =>
      page.locator(selector).evaluateAll((all) =>
        all.map((one) => {
          const { left, top, width, bottom } = one.getBoundingClientRect();
          return [top + 2, bottom - 2].every((y) => one.contains(document.elementFromPoint(left + width / 2, y)));
        }),
      );
    assert.ok(!(await seen('.top .sign-out')).includes(false), 'the button is covered');
    assert.ok(!(await seen('.pages a')).includes(false), 'a link is covered');
    assert.deepEqual(faults, []);
  }
});
