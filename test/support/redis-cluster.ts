import { execFileSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { spawnRedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

/** The reason why no cluster can be created here, shown with the skipped test. */
export function withoutRedisServer(): string | false {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'redis-server is missing on this machine, so there is no cluster';
  }
}

const slotCount = 16_384;

/** A cluster of three, each with a third of the slots; stopped after `t`. Returns the nodes' URLs. */
export async function startRedisCluster(t: Cleanup): Promise<readonly string[]> {
  closeInReverse(t);
  const ports: number[] = [];
  for (let node = 0; node < 3; node++) ports.push(await startNode(t));
  const nodes = ports.map((port) => new Redis(port, '127.0.0.1'));
  for (const node of nodes) node.on('error', () => {}); // Not up yet: the client tries again.
  t.after(() => {
    for (const node of nodes) node.disconnect();
  });
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((index * slotCount) / nodes.length);
    const to = Math.floor(((index + 1) * slotCount) / nodes.length) - 1;
    await node.cluster('ADDSLOTSRANGE', from, to);
    // Each node needs the port of the first one's bus, which is not at the usual distance from its port.
    if (index > 0)
      await node.call('cluster', 'meet', '127.0.0.1', String(ports[0]), String(busPortOf(ports[0] as number)));
  }
  for (const node of nodes) {
    await waitFor('the cluster to be whole', async () => {
      const info = String(await node.cluster('INFO'));
      return (
        info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3') && info.includes('cluster_size:3')
      );
    });
  }
  return ports.map((port) => `redis://127.0.0.1:${port}`);
}

const busPorts = new Map<number, number>();

function busPortOf(port: number): number {
  return busPorts.get(port) as number;
}

async function startNode(t: Cleanup): Promise<number> {
  const busPort = await findFreePort();
  const port = await spawnRedisServer(t, {
    'cluster-port': busPort,
    'cluster-enabled': 'yes',
    'cluster-node-timeout': 2_000,
  });
  busPorts.set(port, busPort);
  return port;
}
