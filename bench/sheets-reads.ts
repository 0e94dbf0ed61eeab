/**
 * 3,000 reads a minute of one spreadsheet, with a write every second, against Google's real quotas (60 reads and 60
 * writes a minute) as the emulator counts them: no caller may get 429, or read data older than its own write.
 *
 *   node bench/sheets-reads.ts [minutes, default 10] [replicas, default 1]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '../test/support/cleanup.ts';
import { startSheetsServices } from '../test/support/sheets-service.ts';

const readsPerMinute = 3_000;
const rows = 50;
const tickMs = 20;

export interface SheetsReadsReport {
  readonly reads: number;
  readonly writes: number;
  readonly refused: number;
  readonly failed: number;
  readonly stale: number;
  readonly slowestMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requestsToGoogle: number;
  readonly refusedByGoogle: number;
  readonly mostInAMinute: number;
}

export async function runSheetsReads(minutes: number, replicaCount: number): Promise<SheetsReadsReport> {
  const cleanups: (() => unknown)[] = [];
  const cleanup = { after: (act: () => unknown) => void cleanups.push(act) } as Cleanup;
  try {
    const { replicas, emulator } = await startSheetsServices(cleanup, { replicas: replicaCount });
    const call = (index: number, path: string, body: object) =>
      (replicas[index % replicas.length] as (typeof replicas)[number]).call('POST', `/sheets/${path}`, {
        spreadsheet_id: 'journal',
        ...body,
      });
    const written = Array.from({ length: rows }, () => 0);
    await call(0, 'write', { range: 'Sheet1!A1', values: written.map((value) => [value]) });
    emulator.control.resetCounts();

    const latencies: number[] = [];
    const counts = { refused: 0, failed: 0, stale: 0, writes: 0 };
    const read = async (index: number, row: number): Promise<void> => {
      const atLeast = written[row] as number;
      const startedAtMs = performance.now();
      const reply = await call(index, 'read', { range: `Sheet1!A${row + 1}` });
      latencies.push(performance.now() - startedAtMs);
      if (reply.status === 429) counts.refused += 1;
      else if (reply.status !== 200) counts.failed += 1;
      else if (Number(reply.json.values[0]?.[0]) < atLeast) counts.stale += 1;
    };
    const write = async (index: number, row: number, value: number): Promise<void> => {
      const reply = await call(index, 'write', { range: `Sheet1!A${row + 1}`, values: [[value]] });
      if (reply.status === 429) counts.refused += 1;
      else if (reply.status !== 200) counts.failed += 1;
      else {
        counts.writes += 1;
        written[row] = Math.max(written[row] as number, value);
        await read(index + 1, row);
      }
    };

    const under: Promise<void>[] = [];
    const startedAtMs = performance.now();
    const durationMs = minutes * 60_000;
    let sent = 0;
    let lastWriteSecond = -1;
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedAtMs) {
      const due = Math.floor((elapsedMs * readsPerMinute) / 60_000);
      for (; sent < due; sent++) under.push(read(sent, (sent * 7) % rows));
      const second = Math.floor(elapsedMs / 1000);
      if (second !== lastWriteSecond) {
        lastWriteSecond = second;
        under.push(write(second, (second * 11) % rows, second + 1));
      }
      await sleep(tickMs);
    }
    await Promise.all(under);
    latencies.sort((a, b) => a - b);
    const google = emulator.control.requests('google_sheets');
    return {
      reads: latencies.length,
      ...counts,
      slowestMs: Math.round(latencies.at(-1) ?? 0),
      p50Ms: Math.round(10 * (latencies[Math.floor(latencies.length / 2)] ?? 0)) / 10,
      p99Ms: Math.round(latencies[Math.floor(latencies.length * 0.99)] ?? 0),
      requestsToGoogle: google.received,
      refusedByGoogle: google.overQuota,
      mostInAMinute: google.maxPerMinute,
    };
  } finally {
    for (const act of cleanups.reverse()) await act();
  }
}

if (import.meta.main) {
  const [minutes = '10', replicas = '1'] = process.argv.slice(2);
  console.log(JSON.stringify(await runSheetsReads(Number(minutes), Number(replicas)), null, 2));
}
