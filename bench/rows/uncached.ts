/** An uncached geocode: authenticated, limited in four windows, audited durably, with events; against gateways that do less. */
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { LoadPlan } from '../load/plan.ts';
import { path, requestHeaders } from '../peers/cached-answer.ts';
import { portkeyRequest, startPortkey } from '../peers/portkey.ts';
import { runLoad, type ServerProcess, startServerProcess } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, type Figures, measureInTurn } from '../rounds.ts';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
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
  const portkey = await startPortkey();
  if (portkey !== null) t.after(() => portkey.close());

  const post = { method: 'POST', path, headers: requestHeaders(service.tenant), bodyTemplate };
  const plan = (server: ServerProcess, changes: Partial<LoadPlan>): LoadPlan => ({
    ...{ ...post, connections, durationMs: effort.durationMs, warmUpMs: effort.warmUpMs, port: server.port },
    ...{ firstNumber: 0, distinctNumbers: 1_000, serverPids: server.pids },
    ...changes,
  });
  let nextNumber = 1;
  const askOurs = async (changes: Partial<LoadPlan>) => {
    const result = await runLoad(plan(service, { firstNumber: nextNumber, distinctNumbers: null, ...changes }));
    nextNumber += result.numbersUsed;
    return result;
  };

  const busy = await measureInTurn(
    {
      own: () => askOurs({}),
      bare: () => runLoad(plan(bare, {})),
      portkey: portkey === null ? null : () => runLoad(plan(portkey, portkeyRequest(upstream.port))),
    },
    effort.rounds,
  );
  const direct = { method: 'GET', path: '/maps/api/geocode/json?address=x&key=bench', headers: {}, bodyTemplate: '' };
  const alone = await measureInTurn(
    {
      own: () => askOurs({ connections: 1 }),
      upstream: () => runLoad(plan(upstream, { ...direct, connections: 1 })),
    },
    effort.rounds,
  );
  await checkAudit(service, nextNumber - 1);
  return rowsOf(busy, alone);
}

/** Calls that were not written down were answered by a cache, and measured something else. */
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
): BenchRow[] {
  const figures = { own: busy.own };
  return [
    {
      path: 'uncached geocode',
      against: "Portkey's gateway, same upstream",
      ratio: busy.portkey === null ? null : busy.own.requestsPerSecond / busy.portkey.requestsPerSecond,
      aim: { atLeast: 4 },
      unit: '×',
      figures: { ...figures, peer: busy.portkey },
      ...(busy.portkey === null ? { note: "Portkey's gateway is not available here" } : {}),
    },
    {
      path: 'uncached geocode',
      against: 'bare Fastify and undici, same upstream',
      ratio: busy.own.requestsPerSecond / busy.bare.requestsPerSecond,
      aim: null,
      unit: '×',
      figures: { ...figures, peer: busy.bare },
    },
    {
      path: 'uncached geocode, own CPU a call',
      against: 'user and system time of our process',
      ratio: busy.own.cpuMicros,
      aim: { atMost: 80 },
      unit: 'µs',
      figures,
    },
    {
      path: 'uncached geocode, p50 added',
      against: 'the upstream itself, one caller',
      ratio: alone.own.latencyMsP50 - alone.upstream.latencyMsP50,
      aim: { atMost: 0.5 },
      unit: 'ms',
      figures: { own: alone.own, upstream: alone.upstream },
    },
  ];
}
