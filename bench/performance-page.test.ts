import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPage } from './performance-page.ts';
import type { BenchRow } from './report.ts';

const figuresOf = (cpuMicros: number, postgresql: number) => ({
  ...{ requestsPerSecond: 1_000, latencyMsP50: 1, latencyMsP99: 2, cpuMicros },
  storeCpuMicros: { postgresql },
});
const rows: readonly BenchRow[] = [
  {
    ...{ path: 'uncached geocode', against: 'a gateway', ratio: 1.2, aim: { atLeast: 2 }, unit: '×' },
    figures: { own: figuresOf(300, 100), peer: figuresOf(200, 0) },
  },
  {
    ...{ path: 'webhook accepted', against: 'a receiver', ratio: 1.5, aim: { atLeast: 1.4 }, unit: '×' },
    figures: { ownPerSecond: 2_000, ownMicros_receiver: 120, ownMicros_postgresql: 60 },
  },
  { path: 'log page', against: 'p95', ratio: 40, aim: { atMost: 10 }, unit: 'ms', figures: {} },
  { path: 'cached geocode', against: 'nginx', ratio: null, aim: { atLeast: 0.4 }, unit: '×', figures: {} },
];

test('the page names the machine, the CPU by process, and where the time of each missed row goes', () => {
  const page = renderPage({
    rows,
    startedAt: new Date('2026-11-29T00:00:00Z'),
    effort: { rounds: 3, durationMs: 4_000, warmUpMs: 2_000, warmUpRounds: 3, leadInMs: 0, isQuick: false },
    machine: { platform: 'linux', release: '6', node: 'v24', cpus: ['CPU', 'CPU'], memoryBytes: 2 ** 34 },
  });
  assert.match(page, /Measured on 2026-11-29: 2 × CPU, 16 GiB/);
  assert.match(page, /\| uncached geocode \| .* \| own 300 \+ PostgreSQL 100; peer 200 \+ PostgreSQL 0 \|/);
  assert.match(page, /\| webhook accepted \| .* \| own 120 \+ PostgreSQL 60 \|/);
  const [, missed = ''] = page.split('## What missed its aim');
  assert.match(missed, /`own` takes 400 µs: itself 300 \(75 %\), PostgreSQL 100 \(25 %\)\. `peer` takes 200 µs/);
  assert.match(missed, /\*\*log page\*\*.*It measures no CPU time/);
  assert.doesNotMatch(missed.split('## Behind')[0] ?? '', /webhook accepted|nginx/);
});
