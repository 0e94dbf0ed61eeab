/** `docs/performance.md`: the rows of one whole run as a table, with the machine that they were measured on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
export async function writePerformancePage(run: MeasuredRun): Promise<string> {
  await writeFile(page, render(run));
  return page;
}

function render({ rows, startedAt, effort, machine }: MeasuredRun): string {
  return `# Performance

<!-- Made by \`npm run bench\`: run it rather than edit this page. -->

\`npm run bench\` measures the service with every feature on, over real PostgreSQL, Redis and RabbitMQ, and its peers in the same run, in
turn. Figures are medians of ${effort.rounds} rounds of ${effort.durationMs / 1_000} s, after ${effort.warmUpRounds} that count for nothing. What is measured, the stores, the load and
the upstream share the machine, so ratios say more than rates. A missed aim fails nothing.

Measured on ${startedAt.toISOString().slice(0, 10)}: ${machine.cpus.length} × ${machine.cpus[0] ?? 'an unknown processor'}, ${Math.round(machine.memoryBytes / 1024 ** 3)} GiB,
${machine.platform} ${machine.release}, Node.js ${machine.node}.

| path | against | measured | aim |
| --- | --- | ---: | --- |
${rows.map((row) => `| ${row.path} | ${row.against} | ${describeValue(row)} | ${describeAim(row)} |`).join('\n')}

## Behind the rows

Requests a second, latencies in ms, and CPU time a call in µs: of the process itself, and of each store with the processes that it has started.

| path | figures |
| --- | --- |
${rows
  .filter(({ figures }) => Object.keys(figures).length > 0)
  .map((row) => `| ${row.path} | ${describeFigures(row.figures)}${row.note === undefined ? '' : ` (${row.note})`} |`)
  .join('\n')}
`;
}
