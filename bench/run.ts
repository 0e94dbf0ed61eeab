/** `npm run bench`: see `--help`, or options.ts. */
import { ensureTestServices } from '../scripts/test-services.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import { benches } from './benches.ts';
import { describeUsage, parseOptions, type RunOptions, UsageError } from './options.ts';
import { writePerformancePage } from './performance-page.ts';
import { type BenchRow, describeMachine, keepRows, printRow } from './report.ts';

const options = readOptions();
if (options === null) process.stdout.write(describeUsage());
else await runAll(options);

/** null: only help was asked for. */
function readOptions(): RunOptions | null {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${describeUsage()}`);
    process.exit(2);
  }
}

async function runAll(run: RunOptions): Promise<void> {
  const startedAt = new Date();
  const services = await ensureTestServices((line) => console.log(line));
  Object.assign(process.env, services.env);
  const rows: BenchRow[] = [];
  try {
    for (const name of run.names) {
      const startedAtMs = performance.now();
      rows.push(...(await runBench(name, run)));
      console.log(`    ${name} took ${Math.round((performance.now() - startedAtMs) / 1_000)} s\n`);
      // After each benchmark, so that a stopped run leaves its results.
      await keepRows(rows, startedAt, run.effort);
    }
    console.log(`kept in ${await keepRows(rows, startedAt, run.effort)}`);
    if (run.isWhole) {
      const page = await writePerformancePage({ rows, startedAt, effort: run.effort, machine: describeMachine() });
      console.log(`and in ${page}`);
    }
  } finally {
    await services.close();
  }
}

async function runBench(name: string, { effort, without, beside }: RunOptions): Promise<BenchRow[]> {
  const closers: (() => unknown)[] = [];
  const t: Cleanup = { after: (close) => void closers.push(close as () => unknown) };
  try {
    const bench = await benches[name]?.load();
    const rows = (await bench?.(t, { ...effort, without, beside })) ?? [];
    for (const row of rows) printRow(row, effort);
    return rows;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
