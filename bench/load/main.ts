/** The load generator, a process of its own. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openHttpConnection, renderRequest } from './http-connection.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

/** What Linux counts CPU time in, on every platform that Node runs on. */
const microsPerTick = 10_000;
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

  const cpuBefore = cpuMicrosOf(plan.serverPids);
  const startedAtMs = performance.now();
  measuring = true;
  await Promise.race([delay(plan.durationMs), all]);
  stopping = true;
  const elapsedMs = performance.now() - startedAtMs;
  const cpuAfter = cpuMicrosOf(plan.serverPids);
  await all;
  for (const connection of connections) connection.close();

  const sorted = Float64Array.from(latenciesMs).sort();
  const count = sorted.length;
  return {
    requestsPerSecond: (count * 1_000) / elapsedMs,
    latencyMsP50: sorted[Math.floor(count * 0.5)] ?? Number.NaN,
    latencyMsP99: sorted[Math.floor(count * 0.99)] ?? Number.NaN,
    serverCpuMicros: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / count,
    notOk,
    sampleNotOk: connections.map((connection) => connection.lastNotOk()).find((reply) => reply !== null) ?? null,
    numbersUsed,
  };
}

/** Rendered once where they repeat: the generator must be cheaper than what it measures. */
function createRequests({ method, path, headers, bodyTemplate, firstNumber, distinctNumbers }: LoadPlan) {
  const render = (number: number): Buffer =>
    renderRequest(method, path, headers, bodyTemplate.replaceAll('{n}', String(number)));
  if (distinctNumbers === null || distinctNumbers > maxRenderedRequests)
    return (index: number): Buffer =>
      render(firstNumber + (distinctNumbers === null ? index : index % distinctNumbers));
  const rendered = Array.from({ length: distinctNumbers }, (_, index) => render(firstNumber + index));
  return (index: number): Buffer => rendered[index % distinctNumbers] as Buffer;
}

/** null where there is no /proc. */
function cpuMicrosOf(pids: readonly number[]): number | null {
  try {
    let ticks = 0;
    for (const pid of pids) {
      // The name, in parentheses, may hold spaces: what follows it begins with the third field.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks * microsPerTick;
  } catch {
    return null;
  }
}
