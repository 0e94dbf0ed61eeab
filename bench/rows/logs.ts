/** The audit log with ten million rows: the results of `scripts/fill-logs.ts` as rows of this table. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { databaseServerUrl } from '../../test/support/database.ts';
import type { BenchRow } from '../report.ts';
import type { Effort } from '../rounds.ts';

const script = join(import.meta.dirname, '../../scripts/fill-logs.ts');
const manyRows = 10_000_000;
const quickRows = 500_000;

/** The output of the script. */
interface Report {
  readonly rows: number;
  readonly filledSeconds: number;
  readonly bytesPerRow: number;
  readonly bytesPerRowWithIndexes: number;
  readonly pages: Readonly<Record<string, { readonly p50: number; readonly p95: number }>>;
  readonly pageMsP95: number;
  readonly rawCostsMs: number;
  readonly dropDayMs: number;
}

export async function benchLogs(t: Cleanup, { isQuick }: Effort): Promise<BenchRow[]> {
  const report = await fillLogs(t, isQuick ? quickRows : manyRows);
  const said = `${report.rows / 1_000_000} million rows`;
  const costs = report.pages['costs of a month'] ?? { p50: Number.NaN, p95: Number.NaN };
  const { filledSeconds, bytesPerRow, bytesPerRowWithIndexes, dropDayMs } = report;
  return [
    {
      path: `log page, ${said}`,
      against: 'p95 of the slowest question',
      ratio: report.pageMsP95,
      unit: 'ms',
      aim: { atMost: 10 },
      figures: {
        ...Object.fromEntries(Object.entries(report.pages).map(([name, { p95 }]) => [`${name}, p95 ms`, p95])),
        ...{ bytesPerRow, bytesPerRowWithIndexes, filledSeconds, dropDayMs },
      },
    },
    {
      path: `30-day cost report, ${said}`,
      against: 'the raw scan takes so many times as long',
      ratio: report.rawCostsMs / costs.p50,
      unit: '×',
      aim: { atLeast: 100 },
      figures: { ownMsP50: costs.p50, ownMsP95: costs.p95, rawMs: report.rawCostsMs },
    },
  ];
}

async function fillLogs(t: Cleanup, rows: number): Promise<Report> {
  const child = spawn(process.execPath, [script, databaseServerUrl, String(rows)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => void child.kill('SIGTERM'));
  const ended = once(child, 'exit');
  const said = await text(child.stdout);
  await ended;
  // It exits with 1 if one of its limits is exceeded; the row shows by how much.
  if (said === '') throw new Error('scripts/fill-logs.ts ended without a report');
  return JSON.parse(said) as Report;
}
