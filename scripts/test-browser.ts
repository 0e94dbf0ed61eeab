/** Finds the browser for the tests of our pages, or installs it if possible (Debian or Ubuntu, as root). */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ServicesMissing } from './test-services.ts';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const installDeadlineMs = 600_000;

/** Its path, for `TEST_BROWSER`. Throws `ServicesMissing` with instructions. */
export function ensureTestBrowser(log: (line: string) => void): string {
  const found = findTestBrowser();
  if (found !== null) return found;
  const help =
    'the tests need Chromium or Chrome: apt-get install -y chromium as root, or set TEST_BROWSER to its program';
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) throw new ServicesMissing(help);
  log('installing chromium');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: installDeadlineMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) throw new ServicesMissing(`apt-get ${args[0]} failed; ${help}`);
  }
  const installed = findTestBrowser();
  if (installed === null) throw new ServicesMissing(help);
  return installed;
}

/** null if there is none. */
export function findTestBrowser(): string | null {
  return [process.env.TEST_BROWSER ?? '', ...places].find((path) => path !== '' && existsSync(path)) ?? null;
}
