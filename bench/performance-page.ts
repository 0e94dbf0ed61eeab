/**
 * `docs/performance.md`: the rows of a whole run as a table, with the machine, and where the time of each missed row
 * goes.
 *
 * `node bench/performance-page.ts RESULTS [PAGE]` writes it from a file of `bench/results/`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCpu, explainMiss, isMissed } from './cpu-by-process.ts';
import { type BenchRow, describeAim, describeFigures, describeValue, type Machine } from './report.ts';
import type { Effort } from './rounds.ts';

const page = join(import.meta.dirname, '../docs/performance.md');

export interface MeasuredRun {
  readonly rows: readonly BenchRow[];
  readonly startedAt: Date;
  readonly effort: Effort;
  readonly machine: Machine;
}

/** Returns the page's path. */
export async function writePerformancePage(run: MeasuredRun, path = page): Promise<string> {
  await writeFile(path, renderPage(run));
  return path;
}

if (import.meta.main) {
  const [results, path] = process.argv.slice(2);
  if (results === undefined) throw new Error('usage: node bench/performance-page.ts RESULTS [PAGE]');
  const { started_at: startedAt, ...kept } = JSON.parse(await readFile(results, 'utf8'));
  console.log(await writePerformancePage({ ...kept, startedAt: new Date(startedAt) }, path));
}

export function renderPage({ rows, startedAt, effort, machine }: MeasuredRun): string {
  const missed = rows.filter(isMissed);
  return `# Performance

<!-- Written by \`npm run bench\`: do not edit. -->

\`npm run bench\` measures the service with every feature on, on real PostgreSQL, Redis and RabbitMQ, and its peers in turn, in the same
run. Figures are medians of ${effort.rounds} rounds of ${effort.durationMs / 1_000} s, after ${effort.warmUpRounds} warm-up rounds. The measured process, the stores, the load and
the upstream share the machine, so ratios say more than rates. A missed aim is no error.

Measured on ${startedAt.toISOString().slice(0, 10)}: ${machine.cpus.length} × ${machine.cpus[0] ?? 'an unknown processor'}, ${Math.round(machine.memoryBytes / 1024 ** 3)} GiB,
${machine.platform} ${machine.release}, Node.js ${machine.node}.

| path | against | measured | aim | CPU per call by process, µs |
| --- | --- | ---: | --- | --- |
${rows.map((row) => `| ${row.path} | ${row.against} | ${describeValue(row)} | ${describeAim(row)} | ${describeCpu(row)} |`).join('\n')}

## What missed its aim, and where its time goes

${missed.length === 0 ? 'Nothing.' : missed.map((row) => `- ${explainMiss(row)}`).join('\n')}

## Behind the rows

Requests per second, latencies in ms, and CPU time per call in µs, of the process itself and of each store with its child processes.

| path | figures |
| --- | --- |
${rows
  .filter(({ figures }) => Object.keys(figures).length > 0)
  .map((row) => `| ${row.path} | ${describeFigures(row.figures)}${row.note === undefined ? '' : ` (${row.note})`} |`)
  .join('\n')}
`;
}
