/** Finds the browser for the tests of our pages, or installs it if possible (Debian or Ubuntu, as root). */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ServicesMissing } from './test-services.ts';

/**
 * Chromium without the windows around its pages: the same engine, but a new page costs a fifth of the CPU, because
 * headless Chromium also draws the browser's own toolbar for each.
 */
const headlessShell = '/usr/bin/chromium-headless-shell';
const places = [
  headlessShell,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const installDeadlineMs = 600_000;
const help =
  'the tests need Chromium or Chrome: apt-get install -y chromium-headless-shell as root, or set TEST_BROWSER to its program';

/** Its path, for `TEST_BROWSER`. Throws `ServicesMissing` with instructions. */
export function ensureTestBrowser(log: (line: string) => void): string {
  const found = findTestBrowser();
  if (found !== null && (found === process.env.TEST_BROWSER || found === headlessShell)) return found;
  // Not every distribution has the shell; Chromium is slower, but tests the same.
  const failure = install('chromium-headless-shell', log);
  if (failure !== null && found === null) install('chromium', log);
  const browser = findTestBrowser();
  if (browser === null) throw new ServicesMissing(failure === null ? help : `${failure}; ${help}`);
  return browser;
}

/** null if there is none. */
export function findTestBrowser(): string | null {
  return [process.env.TEST_BROWSER ?? '', ...places].find((path) => path !== '' && existsSync(path)) ?? null;
}

/** Returns what failed. */
function install(name: string, log: (line: string) => void): string | null {
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) return 'not root, or no apt-get';
  log(`installing ${name}`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', name]]) {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: installDeadlineMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) return `apt-get ${args[0]} of ${name} failed`;
  }
  return null;
}
