/**
 * The cost of the audit chain's digests for an uncached geocode: with and without them in turn, including the
 * database's CPU.
 */
import type { Cleanup } from '../../test/support/cleanup.ts';
import { path, requestHeaders } from '../peers/cached-answer.ts';
import { runLoad } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, measureInTurn, type Variant } from '../rounds.ts';
import { startServiceProcess } from '../service-process.ts';
import type { Stage } from '../stages.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
const bodyTemplate = JSON.stringify({ address: 'Ташкент, улица Навои, {n}' });

export async function benchRecording(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const variant = async (without: readonly Stage[]): Promise<Variant> => {
    const service = await startServiceProcess(t, upstream.port, without);
    const common = { method: 'POST', path, bodyTemplate, connections, headers: requestHeaders(service.tenant) };
    let firstNumber = 1;
    return async () => {
      const { rows: backends } = await service.database.db.querySystem<{ pid: number }>({
        text: `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'`,
      });
      const result = await runLoad({
        ...common,
        ...{ durationMs: effort.durationMs, warmUpMs: effort.warmUpMs, port: service.port },
        ...{ serverPids: [...service.pids, ...backends.map(({ pid }) => pid)], firstNumber, distinctNumbers: null },
      });
      firstNumber += result.numbersUsed;
      return result;
    };
  };
  const variants = { whole: await variant([]), without: await variant(['digests']) };
  const { whole, without } = await measureInTurn(variants, effort);
  const figures = { own: whole, peer: without };
  return [
    {
      path: 'uncached geocode, CPU with digests',
      against: 'without them; our process and its connections to PostgreSQL',
      ratio: whole.cpuMicros === null || without.cpuMicros === null ? null : whole.cpuMicros / without.cpuMicros,
      aim: { atMost: 1.05 },
      unit: '×',
      figures,
    },
    {
      path: 'uncached geocode, throughput with digests',
      against: 'without them',
      ratio: whole.requestsPerSecond / without.requestsPerSecond,
      aim: { atLeast: 0.95 },
      unit: '×',
      figures,
    },
  ];
}
