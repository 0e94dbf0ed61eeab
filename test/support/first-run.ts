/** The steps of a new user's first run of the console, for a test and for the pictures of `docs/first-run.md`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

const run = promisify(execFile);

export interface FirstRun {
  readonly page: Page;
  readonly url: string;
  /** The link that the service prints at its start. */
  readonly link: string;
  /** Called at the end of each step. */
  readonly seen?: (caption: string) => Promise<void>;
}

/** Throws if a step does not do what its caption says. */
export async function walkFirstRun({ page, url, link, seen = async () => {} }: FirstRun): Promise<void> {
  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the code is still in the address');
  await page.getByText(/is well, checked/).waitFor();
  await seen('Open the link that `npm start` prints. It signs you in once; its code disappears from the address.');

  await page.getByRole('link', { name: 'Webhooks', exact: true }).click();
  await page.getByRole('link', { name: 'New webhook' }).click();
  await page.getByLabel('Name', { exact: true }).fill('my first');
  await page.getByText('More settings').click();
  await page.getByLabel('Signature', { exact: true }).selectOption('hmac_hex');
  await seen('Under Webhooks, press New webhook and enter a name. Its sender signs each body with HMAC-SHA256.');

  await page.getByRole('button', { name: 'Create webhook' }).click();
  const dialog = page.getByRole('dialog', { name: 'The webhook is ready' });
  const shown = (await dialog.getByRole('region', { name: 'Send a delivery from a terminal' }).textContent()) ?? '';
  await dialog.getByText('Listening for the first delivery').waitFor();
  await seen('Press Create webhook. It shows the address, the secret (only now) and a command that sends a delivery.');

  // A test listens on a random port, which the public address does not name.
  const curl = shown.replaceAll(/http:\/\/localhost:\d+/g, url);
  const { stdout } = await run('bash', ['-c', curl]);
  assert.equal(JSON.parse(stdout).status, 'accepted', stdout);
  await dialog.getByText('The first delivery has arrived.').scrollIntoViewIfNeeded();
  await seen('Paste the command into a terminal. The page listens for the delivery: its line turns green.');

  await page.keyboard.press('Escape');
  assert.ok(await dialog.isVisible(), 'Escape closed a secret that is shown only once');
  await dialog.getByLabel('I have saved the secret').check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'Deliveries' }).click();
  await page.locator('main .row-link').first().click();
  const sheet = page.getByRole('dialog', { name: /^Delivery / });
  await sheet.getByText('published').first().waitFor();
  await seen('Open the delivery under Deliveries: its steps, its body as received, its headers.');

  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  const wrong = curl.replace(/-hmac '[^']+'/, "-hmac 'another secret'");
  assert.notEqual(wrong, curl);
  const refused = await run('bash', ['-c', wrong]);
  assert.equal(JSON.parse(refused.stdout).status, 401);
  await page.getByLabel('Status', { exact: true }).selectOption('refused');
  await page.locator('main tbody tr', { hasText: 'refused' }).locator('.row-link').click();
  await sheet.getByText('The signature differs from the one computed with the secret.').waitFor();
  await seen('Send it again, signed with another secret: it is refused with 401, and the delivery says why.');
}
