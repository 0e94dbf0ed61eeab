/** The tokens page for an administrator, and each token's rights at the service. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';

test('a bound token is created, used, refused elsewhere, edited, rotated and revoked', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  await page.getByRole('button', { name: 'New token', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'New token' });
  await form.getByLabel('Name', { exact: true }).fill('crm');
  const places = form.getByRole('group', { name: 'Places' });
  assert.ok(await places.getByLabel('geocoding').isChecked());
  await form.getByRole('group', { name: 'Reading the history' }).getByLabel('logs:read').check();
  await form.getByLabel('yandex_maps').check();
  await form.getByText('All other services refuse it with 403').waitFor();
  assert.equal(await form.getByLabel('Only these services').inputValue(), 'yandex_maps');
  await form.getByLabel('Requests per minute').fill('100');
  await form.getByRole('button', { name: 'Create token' }).click();

  const once = page.getByRole('dialog', { name: 'The token is shown only once' });
  const textOf = async (): Promise<string> =>
    /is_[\w-]+/.exec((await once.getByRole('region', { name: 'Token' }).textContent()) ?? '')?.[0] ?? '';
  const close = async (): Promise<void> => {
    await once.getByLabel('I have saved it').check();
    await once.getByRole('button', { name: 'Done' }).click();
    await once.waitFor({ state: 'detached' });
  };
  await once.waitFor();
  const token = await textOf();
  await close();
  const use = (credential: string, provider: string) =>
    service.call(
      'POST',
      '/geocoding/geocode',
      { address: 'Ташкент, улица Навои, 5', provider },
      { authorization: `Bearer ${credential}` },
    );
  assert.equal((await use(token, 'yandex_maps')).status, 200);
  const elsewhere = await use(token, 'google_maps');
  assert.deepEqual([elsewhere.status, elsewhere.json.code], [403, 'FORBIDDEN'], elsewhere.text);

  const row = page.getByRole('row', { name: /crm/ });
  assert.match((await row.textContent()) ?? '', /geocoding, logs:read.*yandex_maps.*100/);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') sent.push(`${request.postData()} ${request.headers()['if-match']}`);
  });
  const editor = page.getByRole('dialog', { name: 'Edit the token crm' });
  const openEditor = async (): Promise<void> => {
    await row.getByRole('button', { name: 'Edit crm' }).click();
    await editor.getByLabel('Requests per minute').waitFor();
  };
  await openEditor();
  await editor.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Nothing is changed.').waitFor();
  assert.deepEqual(sent, [], 'nothing was sent');
  await editor.getByLabel('Requests per minute').fill('3');
  await editor.getByRole('button', { name: 'Save' }).click();
  await editor.waitFor({ state: 'detached' });
  assert.match(sent.join(), /^{"rate_limit_per_minute":3} "[^"]+"$/, 'only the change, with its version');
  await waitFor('the limit to hold', async () => {
    const reply = await use(token, 'yandex_maps');
    return reply.status === 429 && reply.json.code === 'RATE_LIMIT_EXCEEDED';
  });

  const { id } = (await service.admin('GET', '/tokens')).json.tokens[0];
  await openEditor();
  await editor.getByLabel('Requests per minute').fill('50');
  await service.admin('PATCH', `/tokens/${id}`, { rate_limit_per_minute: 7 });
  await editor.getByRole('button', { name: 'Save' }).click();
  await editor.getByRole('button', { name: 'Load the current state' }).waitFor();
  assert.equal(
    (await service.admin('GET', `/tokens/${id}`)).json.rate_limit_per_minute,
    7,
    'a colleague’s change stays',
  );
  await editor.getByRole('button', { name: 'Load the current state' }).click();
  assert.equal(await editor.getByLabel('Requests per minute').inputValue(), '7');
  await page.keyboard.press('Escape');
  await editor.waitFor({ state: 'detached' });

  await row.getByRole('button', { name: 'New token text for crm' }).click();
  const rotating = page.getByRole('dialog', { name: 'Create a new text for the token crm?' });
  await rotating.getByRole('button', { name: 'New token text' }).click();
  await once.getByText('The old one is valid until').waitFor();
  const fresh = await textOf();
  assert.notEqual(fresh, token);
  await close();
  assert.equal((await use(fresh, 'yandex_maps')).status, 200);
  assert.equal((await use(fresh, 'google_maps')).status, 403, 'the new token must be bound too');
  await page
    .getByText('ends in 24 hr')
    .or(page.getByText('ends in 1 day'))
    .or(page.getByText(/ends in \d+ hr/))
    .waitFor();

  await page.getByRole('row', { name: /crm/ }).first().getByRole('button', { name: 'Revoke crm' }).click();
  await page
    .getByRole('dialog', { name: 'Revoke the token crm?' })
    .getByRole('button', { name: 'Revoke', exact: true })
    .click();
  await page.getByText('crm is revoked.').waitFor();
  await waitFor('its end', async () => (await use(fresh, 'yandex_maps')).status === 401);
  assert.deepEqual(faults, []);
});
