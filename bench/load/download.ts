/**
 * Downloads one body, and prints its speed and the server's memory meanwhile. Runs as a separate process.
 *
 * Arguments: the plan, as JSON.
 */
import { get } from 'node:http';
import { cpuMicrosOf, residentBytesOf } from './cpu-time.ts';
import type { Download, DownloadPlan } from './download-plan.ts';

const sampleMs = 20;

const plan = JSON.parse(process.argv[2] ?? '') as DownloadPlan;
console.log(JSON.stringify(await download(plan)));

async function download({ url, headers, bytes, serverPids }: DownloadPlan): Promise<Download> {
  const atRest = residentBytesOf(serverPids);
  let most = atRest;
  const sampling = setInterval(() => {
    most = Math.max(most, residentBytesOf(serverPids));
  }, sampleMs);
  const cpuBefore = cpuMicrosOf(serverPids) ?? 0;
  const startedAtMs = performance.now();
  const received = await new Promise<number>((resolve, reject) => {
    get(url, { headers }, (response) => {
      let count = 0;
      if (response.statusCode !== 200) reject(new Error(`it answered ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        count += chunk.length;
      });
      response.on('end', () => resolve(count)).on('error', reject);
    }).on('error', reject);
  });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  clearInterval(sampling);
  if (received !== bytes) throw new Error(`${received} bytes of ${bytes} arrived`);
  return {
    bytesPerSecond: bytes / seconds,
    addedBytes: most - atRest,
    cpuMicrosPerMiB: ((cpuMicrosOf(serverPids) ?? 0) - cpuBefore) / (bytes / 1024 ** 2),
  };
}
