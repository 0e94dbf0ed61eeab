/** Copying on plain HTTP under a host name, where the browser gives the page no clipboard API. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('on plain HTTP a button copies a link, the browser’s own key copies a selected text, and both can be pasted', async (t: TestContext) => {
  const service = await startTestService(t);
  // Without TLS only this machine's own names count as secure.
  const url = service.url.replace('127.0.0.1', 'console.example');
  const { page, faults } = await openBrowser(t, url, {}, ['--host-resolver-rules=MAP console.example 127.0.0.1']);
  await page.goto(`${url}/console/calls?status=error`);
  await signIn(page, service);
  const button = page.getByRole('button', { name: 'Copy link' });
  await button.waitFor();
  assert.equal(await page.evaluate(() => window.isSecureContext), false);
  await button.press('Enter');
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  assert.ok(await button.evaluate((own) => own === document.activeElement), 'the button lost the focus');
  const search = page.getByLabel('Request id', { exact: true });
  await search.focus();
  await page.keyboard.press('Control+v');
  const pasted = new URL(await search.inputValue());
  assert.equal(`${pasted.origin}${pasted.pathname}`, `${url}/console/calls`);
  assert.equal(pasted.searchParams.get('status'), 'error');
  assert.ok(pasted.searchParams.has('to'), 'the link has no end of its range');

  await page.getByRole('heading', { level: 1, name: 'Calls' }).evaluate((heading) => {
    window.getSelection()?.selectAllChildren(heading);
    (document.activeElement as HTMLElement).blur();
  });
  await page.keyboard.press('Control+c');
  await search.fill('');
  await search.focus();
  await page.keyboard.press('Control+v');
  assert.equal(await search.inputValue(), 'Calls');
  assert.deepEqual(faults, []);
});
