/**
 * `npm run bench -- --without audit,events,cache,limits` prints what each of these stages costs an uncached geocode.
 *
 * `npm run bench -- --beside ../earlier` compares with an earlier checkout, whose packages are installed.
 *
 * `npm run bench [-- name …] [--rounds 3] [--seconds 4]`: our paths and their peers in the same run, in turn. Prints
 * ratios beside their aims and keeps them in `bench/results/`, and those of a whole run in `docs/performance.md`. A missed
 * aim fails nothing: machines differ, ratios less. `--quick` takes under four minutes, for a first look.
 */
import { parseArgs } from 'node:util';
import { ensureTestServices } from '../scripts/test-services.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import { writePerformancePage } from './performance-page.ts';
import { type BenchRow, describeMachine, keepRows, printRow } from './report.ts';
import type { Effort } from './rounds.ts';
import { parseStages } from './stages.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    without: { type: 'string', default: '' },
    beside: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
  },
});
const quick: Effort = { rounds: 1, durationMs: 1_000, warmUpMs: 500, warmUpRounds: 1, isQuick: true };
const effort: Effort = values.quick
  ? quick
  : {
      rounds: Number(values.rounds),
      durationMs: Number(values.seconds) * 1_000,
      warmUpMs: Math.min(2_000, Number(values.seconds) * 500),
      warmUpRounds: 3,
      isQuick: false,
    };
if (!(effort.rounds >= 1 && effort.durationMs > 0)) throw new RangeError('--rounds and --seconds must be positive');

const without = parseStages(values.without);

const startedAt = new Date();
const services = await ensureTestServices((line) => console.log(line));
Object.assign(process.env, services.env);
// These read where the servers are as they are loaded.
const { benchCachedGeocode } = await import('./rows/cached.ts');
const { benchUncachedGeocode } = await import('./rows/uncached.ts');
const { benchGrowth } = await import('./rows/growth.ts');
const { benchRecording } = await import('./rows/recording.ts');
const { benchBeside } = await import('./rows/beside.ts');
const { benchStages } = await import('./rows/stages.ts');
const { benchStreams } = await import('./rows/streams.ts');
const { benchWebhooks } = await import('./rows/webhooks.ts');
const { benchWebhookStore } = await import('./rows/webhook-store.ts');
const { benchAddresses, benchDeadlines, benchGateway, benchLimiter, benchOutbox } = await import(
  './rows/in-process.ts'
);

const benches: Readonly<Record<string, (t: Cleanup, effort: Effort) => Promise<BenchRow[]>>> = {
  cached: benchCachedGeocode,
  uncached: benchUncachedGeocode,
  stages: (t, ofRun) => benchStages(t, ofRun, without),
  beside: (t, ofRun) => benchBeside(t, ofRun, values.beside),
  streams: benchStreams,
  growth: benchGrowth,
  recording: benchRecording,
  webhooks: benchWebhooks,
  'webhook-store': benchWebhookStore,
  limiter: benchLimiter,
  outbox: benchOutbox,
  gateway: benchGateway,
  deadlines: benchDeadlines,
  addresses: benchAddresses,
};
if (positionals.includes('beside')) throw new RangeError('beside is asked for as --beside FOLDER');
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0)
  throw new RangeError(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);

const rows: BenchRow[] = [];
try {
  const all = Object.keys(benches).filter((name) => name !== 'stages' && name !== 'beside');
  const asked = [
    ...(without.length > 0 ? ['stages'] : []),
    ...(values.beside === '' ? [] : ['beside']),
    ...positionals,
  ];
  for (const name of asked.length > 0 ? asked : all) {
    rows.push(...(await runBench(name)));
  }
  console.log(`\nkept in ${await keepRows(rows, startedAt)}`);
  const isWhole = asked.length === 0 && !effort.isQuick;
  if (isWhole) {
    console.log(`and in ${await writePerformancePage({ rows, startedAt, effort, machine: describeMachine() })}`);
  }
} finally {
  await services.close();
}

async function runBench(name: string): Promise<BenchRow[]> {
  const closers: (() => unknown)[] = [];
  try {
    const measured = await benches[name]?.({ after: (close) => void closers.push(close as () => unknown) }, effort);
    for (const row of measured ?? []) printRow(row);
    return measured ?? [];
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
