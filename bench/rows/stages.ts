/**
 * The cost of each stage of an uncached geocode: the whole service, then without one more stage at a time, in one run.
 */
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { BenchRequest } from '../benches.ts';
import { path, requestHeaders } from '../peers/cached-answer.ts';
import { runLoad, startServerProcess } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Figures, measureInTurn, type Variant } from '../rounds.ts';
import { startServiceProcess } from '../service-process.ts';
import type { Stage } from '../stages.ts';
import { findStores } from '../stores.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
const bodyTemplate = JSON.stringify({ address: 'Ташкент, улица Навои, {n}' });

/** `without`: the stages to switch off, one after the other. */
export async function benchStages(t: Cleanup, { without, ...effort }: BenchRequest): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const bare = await startServerProcess({
    args: (port) => ['bench/peers/fastify-gateway.ts', String(port), String(upstream.port)],
  });
  t.after(() => bare.close());
  const common = {
    method: 'POST',
    path,
    bodyTemplate,
    connections,
    durationMs: effort.durationMs,
    warmUpMs: effort.warmUpMs,
  };
  const storePids = findStores();
  const variants: Record<string, Variant> = {};
  for (let count = 0; count <= without.length; count += 1) {
    const off = without.slice(0, count);
    const service = await startServiceProcess(t, upstream.port, off);
    let firstNumber = 1;
    variants[nameOf(off)] = async () => {
      const headers = requestHeaders(service.tenant);
      const { port, pids: serverPids } = service;
      const result = await runLoad({
        ...common,
        headers,
        port,
        serverPids,
        firstNumber,
        storePids,
        distinctNumbers: null,
      });
      firstNumber += result.numbersUsed;
      return result;
    };
  }
  variants.bare = () =>
    runLoad({
      ...{ ...common, headers: requestHeaders('bench'), port: bare.port, serverPids: bare.pids },
      ...{ firstNumber: 0, distinctNumbers: 1_000 },
    });
  return rowsOf(await measureInTurn(variants, effort));
}

function nameOf(off: readonly Stage[]): string {
  return off.length === 0 ? 'whole' : `without ${off.join(', ')}`;
}

function rowsOf(figures: Readonly<Record<string, Figures>>): BenchRow[] {
  const bareMicros = figures.bare?.cpuMicros ?? null;
  let before: number | null = null;
  return Object.entries(figures).map(([name, own]) => {
    const { cpuMicros } = own;
    const saved = before === null || cpuMicros === null ? null : before - cpuMicros;
    before = cpuMicros;
    return {
      path: `uncached geocode, ${name}`,
      against: 'CPU of our process a call',
      ratio: cpuMicros,
      aim: null,
      unit: 'µs',
      figures: {
        own,
        ...(saved === null || name === 'bare' ? {} : { stageMicros: saved }),
        ...(bareMicros === null || cpuMicros === null ? {} : { timesBare: cpuMicros / bareMicros }),
      },
    };
  });
}
