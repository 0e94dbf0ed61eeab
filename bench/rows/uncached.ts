/**
 * An uncached geocode: authenticated, limited in four windows, audited durably, with events; against gateways that do
 * less.
 */
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { LoadPlan } from '../load/plan.ts';
import { path, requestHeaders } from '../peers/cached-answer.ts';
import { portkeyRequest, startPortkey } from '../peers/portkey.ts';
import { runLoad, type ServerProcess, startServerProcess } from '../processes.ts';
import { type BenchRow, missingPeer } from '../report.ts';
import { type Effort, type Figures, measureInTurn } from '../rounds.ts';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import { findStores } from '../stores.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
const bodyTemplate = JSON.stringify({ address: 'Ташкент, улица Навои, {n}' });

export async function benchUncachedGeocode(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const service = await startServiceProcess(t, upstream.port);
  const bare = await startServerProcess({
    args: (port) => ['bench/peers/fastify-gateway.ts', String(port), String(upstream.port)],
  });
  t.after(() => bare.close());
  const portkey = effort.isQuick ? null : await startPortkey();
  if (portkey !== null) t.after(() => portkey.close());

  const post = { method: 'POST', path, headers: requestHeaders(service.tenant), bodyTemplate };
  const plan = (server: ServerProcess, changes: Partial<LoadPlan>): LoadPlan => ({
    ...{ ...post, connections, durationMs: effort.durationMs, warmUpMs: effort.warmUpMs, port: server.port },
    ...{ firstNumber: 0, distinctNumbers: 1_000, serverPids: server.pids },
    ...changes,
  });
  const storePids = findStores();
  let nextNumber = 1;
  const askOurs = async (changes: Partial<LoadPlan>) => {
    const result = await runLoad(
      plan(service, { firstNumber: nextNumber, distinctNumbers: null, storePids, ...changes }),
    );
    nextNumber += result.numbersUsed;
    return result;
  };

  if (effort.leadInMs > 0) await askOurs({ durationMs: effort.leadInMs, warmUpMs: 0 });
  const busy = await measureInTurn(
    {
      own: () => askOurs({}),
      bare: () => runLoad(plan(bare, {})),
      portkey: portkey === null ? null : () => runLoad(plan(portkey, portkeyRequest(upstream.port))),
    },
    effort,
  );
  const direct = { method: 'GET', path: '/maps/api/geocode/json?address=x&key=bench', headers: {}, bodyTemplate: '' };
  const alone = await measureInTurn(
    {
      own: () => askOurs({ connections: 1 }),
      upstream: () => runLoad(plan(upstream, { ...direct, connections: 1 })),
    },
    effort,
  );
  await checkAudit(service, nextNumber - 1);
  return rowsOf(busy, alone, effort);
}

/** Calls without an audit row were answered by a cache, and measured something else. */
async function checkAudit({ database, tenant }: ServiceProcess, calls: number): Promise<void> {
  const { rows } = await database.db.querySystem<{ audited: number }>({
    text: 'select count(*)::int as audited from integration_logs where management_company_id = $1',
    values: [tenant],
  });
  if (rows[0]?.audited !== calls) throw new Error(`${calls} calls, and ${rows[0]?.audited} rows in the audit log`);
}

function rowsOf(
  busy: { own: Figures; bare: Figures; portkey: Figures | null },
  alone: { own: Figures; upstream: Figures },
  effort: Effort,
): BenchRow[] {
  const figures = { own: busy.own };
  const store = (name: string, aim: number | null): BenchRow => ({
    path: `uncached geocode, ${name}`,
    against: 'user and system time of the store a call',
    ratio: busy.own.storeCpuMicros[name] ?? null,
    aim: aim === null ? null : { atMost: aim },
    unit: 'µs',
    figures,
  });
  return [
    {
      path: 'uncached geocode',
      against: "Portkey's gateway, same upstream",
      ratio: busy.portkey === null ? null : busy.own.requestsPerSecond / busy.portkey.requestsPerSecond,
      aim: { atLeast: 2 },
      unit: '×',
      figures: { ...figures, peer: busy.portkey },
      ...(busy.portkey === null ? { note: missingPeer("Portkey's gateway", effort) } : {}),
    },
    {
      path: 'uncached geocode, own CPU a call',
      against: 'bare Fastify and undici, same upstream',
      ratio: timesOf(busy.own.cpuMicros, busy.bare.cpuMicros),
      aim: { atMost: 4 },
      unit: '×',
      figures: { ...figures, peer: busy.bare },
    },
    store('postgresql', 90),
    store('redis', null),
    store('rabbitmq', 60),
    {
      path: 'uncached geocode, one caller, p50 added',
      against: 'the upstream itself',
      ratio: alone.own.latencyMsP50 - alone.upstream.latencyMsP50,
      aim: { atMost: 1.2 },
      unit: 'ms',
      figures: { own: alone.own, upstream: alone.upstream },
    },
    {
      path: 'uncached geocode, one caller, own CPU',
      against: 'user and system time of our process',
      ratio: alone.own.cpuMicros,
      aim: { atMost: 700 },
      unit: 'µs',
      figures: { own: alone.own },
    },
  ];
}

function timesOf(own: number | null, peer: number | null): number | null {
  return own === null || peer === null ? null : own / peer;
}
