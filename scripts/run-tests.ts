/**
 * `npm test`: makes sure that real PostgreSQL, Redis and RabbitMQ answer, runs every test, and ends with the line
 * `N passed, M failed` (and `, K skipped` if there are any), even if the run itself fails.
 *
 * `npm test -- src/storage/tables/leases.test.ts …` runs only those files.
 */
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { buildConsole } from './build-console.ts';
import { needsServers } from './needs-servers.ts';
import { ensureTestBrowser } from './test-browser.ts';
import { ensureTestServices, ServicesMissing } from './test-services.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const testRooms = ['src', 'emulator', 'test', 'scripts', 'bench', 'console'];
const concurrency = 2;
/** A minute or more each, so they begin first: a long file that begins last runs alone. The first one mostly waits. */
const longestFiles: readonly string[] = [
  'test/service/webhooks-deferral.test.ts',
  'test/service/webhooks-kill.test.ts',
  'console/accessibility.test.ts',
];
/** Far above the slowest test on a small machine: it stops tests that hang. */
const testTimeoutMs = 120_000;
const fileTimeoutMs = 600_000;

process.exitCode = 1; // Until the tests have passed.
let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
try {
  counts = await runWithServices(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ServicesMissing ? error.message : error);
}
if (counts.failed === 0 && counts.passed > 0) process.exitCode = 0;
const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);

async function runWithServices(only: readonly string[]): Promise<Counts> {
  const files = findTestFiles(only);
  await using opened = new AsyncDisposableStack();
  opened.defer(await shareCompiledCode());
  if (!files.some((file) => needsServers(file))) return await runTests(files);
  // Built once for all files, because they run in parallel and serve the pages from one folder.
  await buildConsole();
  process.env.TEST_BROWSER = ensureTestBrowser((line) => console.log(line));
  const services = await ensureTestServices((line) => console.log(line), { databasesInMemory: true });
  Object.assign(process.env, services.env);
  const interrupted = (): void => void services.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await runTests(files);
  } finally {
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
    await services.close();
  }
}

/**
 * Each file is a process that imports much of the program: compiling it once for all of them saves half of a file's
 * start (1.4 s of CPU of 3.5). Returns the removal of the folder.
 */
async function shareCompiledCode(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'integration-service-test-code-'));
  process.env.NODE_COMPILE_CACHE = folder;
  return () => rm(folder, { recursive: true, force: true });
}

function findTestFiles(args: readonly string[]): string[] {
  const isUnit = args.includes('--unit');
  const only = args.filter((arg) => arg !== '--unit');
  const files = listTestFiles(only);
  return isUnit ? files.filter((file) => !needsServers(file)) : files;
}

function listTestFiles(only: readonly string[]): string[] {
  const absent = only.filter((file) => !existsSync(file));
  if (absent.length > 0) throw new Error(`no such test file: ${absent.join(', ')}`);
  if (only.length > 0) return [...only];
  const found = globSync(testRooms.map((room) => `${room}/**/*.test.ts`)).sort();
  if (found.length === 0) throw new Error('no tests found');
  return [...longestFiles, ...found.filter((file) => !longestFiles.includes(file))];
}

async function runTests(files: string[]): Promise<Counts> {
  const events = run({ files, concurrency, timeout: fileTimeoutMs, execArgv: [`--test-timeout=${testTimeoutMs}`] });
  let counts: Counts | undefined;
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return; // The summary of one file; the last one is of all files.
    const { passed, cancelled, skipped, todo, tests } = summary.counts;
    counts = { passed, failed: Math.max(tests - passed - skipped - todo, cancelled), skipped: skipped + todo };
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await once(report, 'end');
  if (counts === undefined) throw new Error('the test runner ended without a summary');
  return counts;
}
