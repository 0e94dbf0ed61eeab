/** Copying where it is hard: on plain HTTP under a name, where the browser has no clipboard of its own for a page. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('on plain HTTP a link is copied by its button, a selected text by the browser’s own key, and both are pasted', async (t: TestContext) => {
  const service = await startTestService(t);
  // Only names of this machine are secure without TLS.
  const url = service.url.replace('127.0.0.1', 'console.example');
  const { page, faults } = await openBrowser(t, url, {}, ['--host-resolver-rules=MAP console.example 127.0.0.1']);
  await page.goto(`${url}/console/calls?status=error`);
  await signIn(page, service);
  const button = page.getByRole('button', { name: 'Copy link' });
  await button.waitFor();
  assert.equal(await page.evaluate(() => window.isSecureContext), false);
  await button.press('Enter');
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  assert.ok(await button.evaluate((own) => own === document.activeElement), 'the keyboard stays on the button');
  const search = page.getByLabel('Request id', { exact: true });
  await search.focus();
  await page.keyboard.press('Control+v');
  const pasted = new URL(await search.inputValue());
  assert.equal(`${pasted.origin}${pasted.pathname}`, `${url}/console/calls`);
  assert.equal(pasted.searchParams.get('status'), 'error');
  assert.ok(pasted.searchParams.has('to'), 'the link says when it was seen');

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
