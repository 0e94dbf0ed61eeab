/** The load generator, a separate process. */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMicrosOf, cpuMicrosOfTree } from './cpu-time.ts';
import { openHttpConnection, renderRequest } from './http-connection.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

const maxRenderedRequests = 20_000;

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan;
console.log(JSON.stringify(await runLoad(plan)));

async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, () => openHttpConnection('127.0.0.1', plan.port)),
  );
  const requestOf = createRequests(plan);
  let measuring = false;
  let stopping = false;
  let numbersUsed = 0;
  let notOk = 0;
  const latenciesMs: number[] = [];

  const keepAsking = async (connection: (typeof connections)[number]): Promise<void> => {
    while (!stopping) {
      const request = requestOf(numbersUsed++);
      const sentAtMs = performance.now();
      const status = await connection.exchange(request);
      if (status !== 200) notOk += 1;
      if (measuring && !stopping) latenciesMs.push(performance.now() - sentAtMs);
    }
  };
  const asking = connections.map(keepAsking);
  const all = Promise.all(asking);
  await Promise.race([delay(plan.warmUpMs), all]);

  const before = readCpu(plan);
  const startedAtMs = performance.now();
  measuring = true;
  await Promise.race([delay(plan.durationMs), all]);
  stopping = true;
  const elapsedMs = performance.now() - startedAtMs;
  const after = readCpu(plan);
  await all;
  for (const connection of connections) connection.close();

  const sorted = Float64Array.from(latenciesMs).sort();
  const count = sorted.length;
  return {
    requestsPerSecond: (count * 1_000) / elapsedMs,
    latencyMsP50: sorted[Math.floor(count * 0.5)] ?? Number.NaN,
    latencyMsP99: sorted[Math.floor(count * 0.99)] ?? Number.NaN,
    serverCpuMicros: before.server === null || after.server === null ? null : (after.server - before.server) / count,
    storeCpuMicros: spentBetween(before.stores, after.stores, count),
    notOk,
    sampleNotOk: connections.map((connection) => connection.lastNotOk()).find((reply) => reply !== null) ?? null,
    numbersUsed,
  };
}

interface CpuTimes {
  readonly server: number | null;
  readonly stores: Readonly<Record<string, number | null>>;
}

function readCpu({ serverPids, storePids = {} }: LoadPlan): CpuTimes {
  const stores = Object.entries(storePids).map(([name, pid]) => [name, cpuMicrosOfTree(pid)] as const);
  return { server: cpuMicrosOf(serverPids), stores: Object.fromEntries(stores) };
}

/** µs per request, by store. */
function spentBetween(before: CpuTimes['stores'], after: CpuTimes['stores'], requests: number): Record<string, number> {
  const spent: Record<string, number> = {};
  for (const [name, until] of Object.entries(after)) {
    const from = before[name] ?? null;
    if (from !== null && until !== null) spent[name] = (until - from) / requests;
  }
  return spent;
}

/** Repeated requests are rendered once: the generator must cost less than the server. */
function createRequests(plan: LoadPlan): (index: number) => Buffer {
  const { method, path, headers, bodyTemplate, firstNumber, distinctNumbers, firstIndex = 0 } = plan;
  const render = (number: number, index: number): Buffer => {
    const put = (text: string): string => text.replaceAll('{n}', String(number)).replaceAll('{i}', String(index));
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, put(value)]));
    return renderRequest(method, put(path), named, put(bodyTemplate));
  };
  const repeats = distinctNumbers !== null && distinctNumbers <= maxRenderedRequests && !bodyTemplate.includes('{i}');
  if (!repeats) {
    return (index) => render(firstNumber + (index % (distinctNumbers ?? Number.POSITIVE_INFINITY)), firstIndex + index);
  }
  const rendered = Array.from({ length: distinctNumbers }, (_, index) => render(firstNumber + index, index));
  return (index) => rendered[index % distinctNumbers] as Buffer;
}
