/** The first run of a new user, as docs/first-run.md shows it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser } from '../test/support/console.ts';
import { walkFirstRun } from '../test/support/first-run.ts';
import { startTestService } from '../test/support/service.ts';

test('a new user signs in with the printed link, creates a webhook, runs the shown curl, finds the delivery, and sees why a wrong signature is refused', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const captions: string[] = [];
  await walkFirstRun({
    page,
    url: service.url,
    link: `${service.url}/console#code=${service.service.makeConsoleCode()}`,
    seen: async (caption) => void captions.push(caption),
  });
  assert.equal(captions.length, 6);
  assert.deepEqual(faults, []);
});
