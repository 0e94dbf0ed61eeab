/**
 * Typed text and secrets shown once are not lost by accident: by closing, Back, a colleague's change or the end of the
 * session.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { differences } from './src/parts/forms/differences.ts';

/** Answers the browser's questions, and collects them in a list. */
function answerQuestions(page: Page, answer: { leaves: boolean }): string[] {
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void (answer.leaves ? dialog.accept() : dialog.dismiss());
  });
  return asked;
}

test('differences are found at any depth, and a list of texts counts as one member', () => {
  const before = { name: 'a', config: { timeout: 5, headers: { x: '1' } }, tags: ['a'], targets: [{ url: 'one' }] };
  const after = { name: 'a', config: { timeout: 6, headers: {} }, tags: ['a', 'b'], targets: [{ url: 'two' }] };
  assert.deepEqual(differences([before, after]), [
    { path: 'config.timeout', texts: ['5', '6'] },
    { path: 'config.headers.x', texts: ['1', null] },
    { path: 'tags', texts: ['a', 'a, b'] },
    { path: 'targets[0].url', texts: ['one', 'two'] },
  ]);
  assert.deepEqual(differences([before, before]), []);
});

test('a form keeps its edits when it is left, changed by a colleague, or when the session ends', async (t: TestContext) => {
  const service = await startTestService(t);
  const { json } = await service.admin('POST', '/services', {
    service_name: 'crm',
    service_type: 'api',
    base_url: 'https://example.org',
    description: 'as it was',
  });
  const { page, faults } = await openBrowser(t, service.url);
  const answer = { leaves: false };
  const asked = answerQuestions(page, answer);
  const patches: { body: unknown; match: string | undefined }[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH')
      patches.push({ body: request.postDataJSON(), match: request.headers()['if-match'] });
  });
  await page.goto(`${service.url}/console/services/${json.id}`);
  await signIn(page, service);
  await page.getByRole('link', { name: 'Settings' }).click();
  const description = page.getByLabel('Description');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await description.press('Enter');
  await page.getByText('Nothing is changed.').waitFor();
  assert.ok(await save.isDisabled());
  assert.deepEqual(patches, [], 'unchanged members were sent');

  await description.fill('as I want it');
  const changes = page.getByRole('region', { name: 'What changes' });
  await changes.getByRole('row', { name: 'description as it was as I want it' }).waitFor();
  const kept = async (what: string): Promise<void> => {
    assert.equal(await description.inputValue(), 'as I want it', what);
    assert.match(page.url(), /\/settings$/, what);
    assert.equal(asked.length, 1, `${what} must ask first`);
    asked.length = 0;
  };
  await page.getByRole('link', { name: 'Limits', exact: true }).first().click();
  await kept('a link');
  await page.evaluate(() => history.back());
  await page.waitForFunction(() => window.location.pathname.endsWith('/settings'));
  await kept('Back');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await kept('signing out');

  // An action on the page makes a newer version; the edits apply to it.
  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('button', { name: 'Switch on' }).waitFor();
  assert.equal(await description.inputValue(), 'as I want it');
  patches.length = 0;
  await service.admin('PATCH', `/services/${json.id}`, { description: 'as a colleague wants it', display_name: 'CRM' });
  await save.click();
  const both = page.getByRole('region', { name: 'Both versions' });
  await both.getByRole('row', { name: 'description as it was as a colleague wants it as I want it' }).waitFor();
  await both.getByRole('row', { name: 'display_name crm CRM crm' }).waitFor();
  assert.ok(await save.isDisabled(), 'Save needs a choice first');
  await both.getByRole('button', { name: 'Keep my edits on top of theirs' }).press('Enter');
  await both.waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Shown as').inputValue(), 'CRM', 'their other change must stay');

  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  const again = page.getByRole('dialog', { name: 'Sign in' });
  await again.getByText('The session has ended.').waitFor();
  for (let count = 0; count < 3; count += 1) await page.keyboard.press('Escape');
  await again.getByLabel('Token', { exact: true }).fill(service.adminToken);
  await page.keyboard.press('Enter');
  await again.waitFor({ state: 'detached' });
  assert.equal(await description.inputValue(), 'as I want it');
  await save.click();
  await page.getByText('Saved.').waitFor();
  await page.getByText('Nothing is changed.').waitFor();
  assert.deepEqual(
    patches.map(({ body }) => body),
    [{ description: 'as I want it' }, { description: 'as I want it' }],
  );
  assert.notEqual(patches[0]?.match, undefined);
  assert.notEqual(patches[0]?.match, patches[1]?.match, 'the second must name the version that was shown');
  const after = (await service.admin('GET', `/services/${json.id}`)).json;
  assert.deepEqual([after.description, after.display_name, after.is_active], ['as I want it', 'CRM', false]);

  await description.fill('half a sentence');
  answer.leaves = true;
  await page.getByRole('link', { name: 'Limits', exact: true }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a secret shown once closes only by Done, after it was copied or ticked', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const asked = answerQuestions(page, { leaves: false });
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('link', { name: 'Tokens', exact: true }).click();
  await page.getByRole('button', { name: 'New token', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'New token' });
  await form.getByLabel('Name', { exact: true }).fill('crm');
  for (let count = 0; count < 2; count += 1) await page.keyboard.press('Escape');
  assert.equal(asked.length, 2, 'typed text was discarded without a question');
  await form.getByRole('button', { name: 'Create' }).click();

  const shown = page.getByRole('dialog', { name: 'The token is shown only once' });
  const done = shown.getByRole('button', { name: 'Done' });
  await done.waitFor();
  const staysOpen = async (how: string): Promise<void> => assert.ok(await shown.isVisible(), how);
  for (let count = 0; count < 4; count += 1) await page.keyboard.press('Escape');
  await staysOpen('repeated Escape');
  await page.mouse.click(5, 5);
  await staysOpen('a click outside');
  asked.length = 0;
  await page.evaluate(() => history.back());
  await page.waitForFunction(() => window.location.pathname.endsWith('/tokens'));
  await staysOpen('Back');
  assert.equal(asked.length, 1);
  assert.ok(await done.isDisabled());
  await shown.getByRole('button', { name: 'Copy' }).first().click();
  await page.waitForFunction(() => document.querySelector('dialog .primary:not([aria-disabled="true"])') !== null);
  await done.click();
  await page.getByRole('row', { name: /crm/ }).waitFor();

  await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
  await page.getByRole('link', { name: 'New webhook' }).click();
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByRole('button', { name: 'Create webhook' }).click();
  const ready = page.getByRole('dialog', { name: 'The webhook is ready' });
  const ended = ready.getByRole('button', { name: 'Done' });
  await ended.waitFor();
  assert.ok(await ended.isDisabled());
  await ready.getByLabel('I have saved the secret').check();
  assert.ok(await ended.isEnabled());
  await ready.getByLabel('I have saved the secret').uncheck();
  await ready.locator('.code-block', { hasText: 'Secret' }).getByRole('button', { name: 'Copy' }).first().click();
  await ready.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  assert.ok(await ended.isEnabled(), 'the secret is copied');
  await ended.click();
  await page.getByRole('heading', { level: 2, name: /orders/ }).waitFor();
  assert.deepEqual(faults, []);
});
