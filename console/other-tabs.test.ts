/** Tabs of one browser share its cookie: who signs in or out in one of them does so in all. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, openServiceForm, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('a form is saved after signing in again in another tab, and asks to sign in after another tenant did', async (t: TestContext) => {
  const { service, id, page, faults } = await openServiceForm(t);
  const description = page.getByLabel('Description');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  const kept = async (): Promise<string> => (await service.admin('GET', `/services/${id}`)).json.description;
  await description.waitFor();

  const other = await page.context().newPage();
  await other.goto(`${service.url}/console/events`);
  const signInThereTo = async (tenant: string): Promise<void> => {
    await other.getByRole('button', { name: 'Sign out' }).click();
    await signIn(other, { ...service, tenant });
    await other.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
  };
  await signInThereTo(service.tenant);
  await description.fill('typed before');
  await save.click();
  await page.getByText('Nothing is changed.').waitFor();
  assert.equal(await kept(), 'typed before');

  await signInThereTo('another_company');
  await description.fill('typed meanwhile');
  await save.click();
  const again = page.getByRole('dialog', { name: 'Sign in' });
  await again.waitFor();
  await again.getByLabel('Token', { exact: true }).fill(service.adminToken);
  await page.keyboard.press('Enter');
  await again.waitFor({ state: 'detached' });
  assert.equal(await description.inputValue(), 'typed meanwhile');
  await save.click();
  await page.getByText('Nothing is changed.').waitFor();
  assert.equal(await kept(), 'typed meanwhile');
  assert.deepEqual(faults, []);
});

test('signing out ends the session that another tab began, and says so if the session could not be ended', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  const leave = page.getByRole('button', { name: 'Sign out' });
  await leave.waitFor();
  const other = await page.context().newPage();
  await other.goto(`${service.url}/console/tokens`);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await signIn(other, service);
  await other.getByRole('button', { name: 'Sign out' }).waitFor();

  await page.route('**/console/session', (route) =>
    route.request().method() === 'DELETE' ? route.fulfill({ status: 503, json: {} }) : route.continue(),
  );
  await leave.click();
  await page.getByText('You are still signed in:').waitFor();
  await page.unroute('**/console/session');
  await leave.click();
  await page.getByLabel('Tenant', { exact: true }).waitFor();
  await other.reload();
  await other.getByLabel('Tenant', { exact: true }).waitFor();
  assert.deepEqual(faults, []);
});

test('a token without a right is told which one it lacks', async (t: TestContext) => {
  const service = await startTestService(t);
  const { json } = await service.admin('POST', '/tokens', { name: 'reader', scopes: ['geocoding'] });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, { ...service, adminToken: json.token });
  await page.getByText('The credential lacks the scope "logs:read".').first().waitFor();
  assert.deepEqual(faults, []);
});
