/** A large body through the proxy, audited, limited and counted, against nginx passing the same body on. */
import { join } from 'node:path';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import type { Download, DownloadPlan } from '../load/download-plan.ts';
import { requestHeaders } from '../peers/cached-answer.ts';
import { startNginx } from '../peers/nginx.ts';
import { runDownload, type ServerProcess, startServerProcess } from '../processes.ts';
import { type BenchRow, missingPeer } from '../report.ts';
import { type Effort, median } from '../rounds.ts';
import { addProxiedService, startServiceProcess } from '../service-process.ts';

/** A gigabyte with four seconds per round; a quick run uses less. */
const bytesPerMs = 250_000;
const mebibyte = 1024 ** 2;

export async function benchStreams(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const { rounds, durationMs } = effort;
  const upstream = await startServerProcess({
    args: (port) => ['bench/peers/stream-upstream.ts', String(port)],
    core: 'load',
  });
  t.after(() => upstream.close());
  const service = await startServiceProcess(t, upstream.port);
  await addProxiedService(service, { service_name: 'files', base_url: `http://127.0.0.1:${upstream.port}` });
  const nginx = effort.isQuick ? null : await startNginx(join(await createDataDir(t), 'nginx'), upstream.port, 'pass');
  if (nginx !== null) t.after(() => nginx.close());

  const bytes = durationMs * bytesPerMs;
  const plan = ({ port, pids: serverPids }: ServerProcess, path: string): DownloadPlan => ({
    ...{ url: `http://127.0.0.1:${port}${path}/${bytes}`, headers: requestHeaders(service.tenant), bytes, serverPids },
  });
  const [own, peer]: Download[][] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await runDownload(plan(service, '/api/v1/proxy/files'));
    const other = nginx === null ? null : await runDownload(plan(nginx, ''));
    if (round === 0) continue; // The warm-up.
    own?.push(ours);
    if (other !== null) peer?.push(other);
  }
  return rowsOf(own ?? [], peer ?? [], bytes, effort);
}

function rowsOf(own: readonly Download[], peer: readonly Download[], bytes: number, effort: Effort): BenchRow[] {
  const of = (runs: readonly Download[], figure: keyof Download): number => median(runs.map((run) => run[figure]));
  const mebibytesPerSecond = (runs: readonly Download[]): number => of(runs, 'bytesPerSecond') / mebibyte;
  const isAlone = peer.length === 0;
  return [
    {
      path: `proxied stream of ${Math.round(bytes / mebibyte)} MiB`,
      against: 'nginx proxy_pass',
      ratio: isAlone ? null : of(own, 'bytesPerSecond') / of(peer, 'bytesPerSecond'),
      aim: { atLeast: 0.5 },
      unit: '×',
      figures: {
        ownMiBPerSecond: mebibytesPerSecond(own),
        ownMicrosPerMiB: of(own, 'cpuMicrosPerMiB'),
        ...(isAlone
          ? {}
          : { peerMiBPerSecond: mebibytesPerSecond(peer), peerMicrosPerMiB: of(peer, 'cpuMicrosPerMiB') }),
      },
      ...(isAlone ? { note: missingPeer('nginx', effort) } : {}),
    },
    {
      path: 'proxied stream, memory added',
      against: 'resident memory at its highest, less before',
      ratio: of(own, 'addedBytes') / mebibyte,
      aim: { atMost: 64 },
      unit: 'MiB',
      figures: {},
    },
  ];
}
