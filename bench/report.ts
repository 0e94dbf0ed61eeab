/** A row of the table, and how it is printed and stored. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { version } from '../src/version.ts';
import type { Effort } from './rounds.ts';

export interface BenchRow {
  readonly path: string;
  readonly against: string;
  /** null: the peer is not available here, as `note` says. */
  readonly ratio: number | null;
  readonly aim: { readonly atLeast: number } | { readonly atMost: number } | null;
  /** The unit of the ratio: `×` the peer, or a unit of its own (`µs`, `ms`). */
  readonly unit: string;
  /** The figures behind it, for the file and the second line. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly note?: string;
}

const resultsFolder = join(import.meta.dirname, 'results');

export function printRow(row: BenchRow, { isQuick }: Pick<Effort, 'isQuick'>): void {
  const path = isQuick ? `quick: ${row.path}` : row.path;
  console.log(`${path.padEnd(50)} ${describeValue(row).padStart(10)}  ${describeAim(row).padEnd(18)} ${row.against}`);
  const said = [describeFigures(row.figures), row.note === undefined ? '' : `(${row.note})`].filter(Boolean);
  if (said.length > 0) console.log(`    ${said.join('  ')}`);
}

/** The note of a row without its peer. */
export function missingPeer(name: string, { isQuick }: Pick<Effort, 'isQuick'>): string {
  return isQuick ? `${name} is left out of a quick run` : `${name} is not available here`;
}

export function describeValue({ ratio, unit }: BenchRow): string {
  return ratio === null ? 'n/a' : `${round(ratio)} ${unit}`;
}

export function describeAim({ aim, ratio, unit }: BenchRow): string {
  if (aim === null) return '';
  const isMet = ratio !== null && ('atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost);
  const said = 'atLeast' in aim ? `≥ ${aim.atLeast} ${unit}` : `≤ ${aim.atMost} ${unit}`;
  if (ratio === null) return said;
  return `${said} ${isMet ? 'met' : 'MISSED'}`;
}

export function describeFigures(figures: Readonly<Record<string, unknown>>): string {
  return Object.entries(figures)
    .map(([name, value]) => {
      if (typeof value === 'number') return `${name} ${round(value)}`;
      if (typeof value === 'object' && value !== null) return `${name}: ${describeFigures(value as typeof figures)}`;
      return `${name} ${value}`;
    })
    .join(', ');
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

export interface Machine {
  readonly platform: string;
  readonly release: string;
  readonly node: string;
  /** The model of each core. */
  readonly cpus: readonly string[];
  readonly memoryBytes: number;
}

export function describeMachine(): Machine {
  return {
    platform: platform(),
    release: release(),
    node: process.version,
    cpus: cpus().map(({ model }) => model),
    memoryBytes: totalmem(),
  };
}

/** Writes `bench/results/<time>.json` and `latest.json`; returns the path of the first. */
export async function keepRows(rows: readonly BenchRow[], startedAt: Date, effort: Effort): Promise<string> {
  await mkdir(resultsFolder, { recursive: true });
  const machine = describeMachine();
  const text = `${JSON.stringify({ version, started_at: startedAt.toISOString(), machine, effort, rows }, null, 2)}\n`;
  const path = join(resultsFolder, `${startedAt.toISOString().replaceAll(':', '-')}.json`);
  await writeFile(path, text);
  await writeFile(join(resultsFolder, 'latest.json'), text);
  return path;
}
