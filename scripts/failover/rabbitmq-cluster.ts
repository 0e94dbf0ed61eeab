/** A RabbitMQ cluster of three nodes on this machine, one of which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { type Cleanup, closeInReverse } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { probeRabbitmq } from '../test-services.ts';

export interface RabbitmqCluster {
  /** For `RABBITMQ_URL`: the nodes, separated by commas. */
  readonly url: string;
  readonly urls: readonly string[];
  /** Kills the node and all processes that it started with SIGKILL. */
  killNode(index: number): Promise<void>;
}

/** Debian's program in the path switches to the user rabbitmq, who may not write here; this one does not. */
const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const nodeCount = 3;
/** Three nodes that start together on two cores took almost a minute. */
const startDeadlineMs = 180_000;

/** Stopped after `t`. */
export async function startRabbitmqCluster(t: Cleanup): Promise<RabbitmqCluster> {
  closeInReverse(t);
  if (!existsSync(program)) throw new Error('RabbitMQ is missing: apt-get install rabbitmq-server');
  const home = await createDataDir(t);
  const names = Array.from({ length: nodeCount }, (_, index) => `failover-${process.pid}-${index}@localhost`);
  const config = join(home, 'cluster.conf');
  await writeFile(
    config,
    [
      'cluster_formation.peer_discovery_backend = classic_config',
      ...names.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`),
    ].join('\n'),
  );

  const urls: string[] = [];
  const nodes: ChildProcess[] = [];
  for (const name of names) {
    const port = await findFreePort();
    nodes.push(await spawnNode(t, { name, port, home, config }));
    urls.push(`amqp://guest:guest@127.0.0.1:${port}`);
  }
  for (const url of urls)
    await waitFor(
      'the node to answer',
      () =>
        probeRabbitmq(url).then(
          () => true,
          () => false,
        ),
      startDeadlineMs,
    );
  return {
    url: urls.join(','),
    urls,
    killNode: (index) => endGroup(nodes[index] as ChildProcess),
  };
}

interface NodePlan {
  readonly name: string;
  readonly port: number;
  readonly home: string;
  readonly config: string;
}

async function spawnNode(t: Cleanup, { name, port, home, config }: NodePlan): Promise<ChildProcess> {
  const own = join(home, name);
  await mkdir(own);
  const node = spawn(program, [], {
    env: {
      ...process.env,
      HOME: home, // All nodes share one cookie.
      RABBITMQ_NODENAME: name,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(await findFreePort()),
      RABBITMQ_MNESIA_BASE: join(own, 'data'),
      RABBITMQ_LOG_BASE: join(own, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(own, 'plugins'),
      RABBITMQ_CONF_ENV_FILE: join(own, 'none'),
      RABBITMQ_CONFIG_FILE: config,
    },
    stdio: 'ignore',
    detached: true, // A process group of its own, so that Erlang's helper processes end with it.
  });
  t.after(() => endGroup(node));
  return node;
}

async function endGroup(node: ChildProcess): Promise<void> {
  if (node.pid === undefined || node.exitCode !== null || node.signalCode !== null) return;
  const ended = once(node, 'exit');
  process.kill(-node.pid, 'SIGKILL');
  await ended;
}
