/**
 * Measures this version and an earlier checkout on the same paths, in turn, in one run: the effect of the changes
 * between them.
 */
import { resolve } from 'node:path';
import { rabbitmqUrl } from '../../test/support/broker.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { BenchRequest } from '../benches.ts';
import { consumeAndForget } from '../consumer.ts';
import type { LoadPlan, LoadResult } from '../load/plan.ts';
import { path, requestBody, requestHeaders } from '../peers/cached-answer.ts';
import { runLoad } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, type Figures, measureInTurn } from '../rounds.ts';
import { addUnsignedWebhook, type ServiceProcess, startServiceAt, startServiceProcess } from '../service-process.ts';
import { findStores } from '../stores.ts';
import { startUpstream } from '../upstream-process.ts';

interface MeasuredPath {
  readonly name: string;
  readonly connections: number;
  /** Whether each request asks a new question. */
  readonly isNew: boolean;
  request(service: Measured): Pick<LoadPlan, 'method' | 'path' | 'headers' | 'bodyTemplate'>;
}

interface Measured {
  readonly service: ServiceProcess;
  readonly webhookPath: string;
  /** Counted over all paths, so that no question is repeated. */
  nextNumber: number;
}

const geocode =
  (bodyTemplate: string) =>
  ({ service }: Measured) => ({
    ...{ method: 'POST', path, headers: requestHeaders(service.tenant), bodyTemplate },
  });
const newAddress = geocode(JSON.stringify({ address: 'Ташкент, улица Навои, {n}' }));

const measuredPaths: readonly MeasuredPath[] = [
  { name: 'uncached geocode, 64 callers', connections: 64, isNew: true, request: newAddress },
  { name: 'uncached geocode, one caller', connections: 1, isNew: true, request: newAddress },
  { name: 'cached geocode, from memory', connections: 64, isNew: false, request: geocode(requestBody) },
  {
    name: 'webhook accepted and published',
    connections: 64,
    isNew: true,
    request: ({ webhookPath }) => ({
      ...{ method: 'POST', path: webhookPath, headers: { 'content-type': 'application/json' } },
      bodyTemplate: JSON.stringify({ id: 'delivery-{n}', type: 'order.paid', filler: 'x'.repeat(800) }),
    }),
  },
];

/** `folder`: a checkout of the earlier version with its packages installed. */
export async function benchBeside(t: Cleanup, { beside: folder, ...effort }: BenchRequest): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  await consumeAndForget(t, rabbitmqUrl);
  const own = await prepare(await startServiceProcess(t, upstream.port));
  const earlier = await prepare(await startServiceAt(t, resolve(folder), upstream.port));
  const rows: BenchRow[] = [];
  for (const measured of measuredPaths) {
    const leadIn = { ...effort, durationMs: effort.leadInMs, warmUpMs: 0 };
    for (const version of [own, earlier]) await ask(version, measured, leadIn);
    const figures = await measureInTurn(
      { own: () => ask(own, measured, effort), earlier: () => ask(earlier, measured, effort) },
      effort,
    );
    rows.push(...rowsOf(measured.name, folder, figures));
  }
  return rows;
}

async function prepare(service: ServiceProcess): Promise<Measured> {
  return { service, webhookPath: await addUnsignedWebhook(service), nextNumber: 1 };
}

async function ask(
  measured: Measured,
  { connections, isNew, request }: MeasuredPath,
  effort: Effort,
): Promise<LoadResult> {
  const { port, pids } = measured.service;
  const result = await runLoad({
    ...request(measured),
    ...{ port, connections, durationMs: effort.durationMs, warmUpMs: effort.warmUpMs },
    ...{ firstNumber: measured.nextNumber, distinctNumbers: isNew ? null : 1 },
    ...{ serverPids: pids, storePids: findStores() },
  });
  measured.nextNumber += result.numbersUsed;
  return result;
}

function rowsOf(name: string, folder: string, figures: { own: Figures; earlier: Figures }): BenchRow[] {
  const { own, earlier } = figures;
  const common = { against: `the version in ${folder}`, unit: '×', aim: null } as const;
  const cpu = own.cpuMicros === null || earlier.cpuMicros === null ? null : own.cpuMicros / earlier.cpuMicros;
  return [
    { ...common, path: name, ratio: own.requestsPerSecond / earlier.requestsPerSecond, figures: { own, earlier } },
    { ...common, path: `${name}, own CPU a call`, ratio: cpu, figures: {} },
  ];
}
