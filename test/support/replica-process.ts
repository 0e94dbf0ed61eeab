/** One replica as a separate process, as in production, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentOfChildren } from './child-environment.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { createDataDir } from './data-dir.ts';
import { waitFor } from './wait-for.ts';

const ownRoot = join(import.meta.dirname, '../..');
const startDeadlineMs = 60_000;

export interface ReplicaProcess {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly pid: number;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it has finished its requests and ended. */
  stop(): Promise<void>;
}

/**
 * Resolves when it answers. Stopped after `t`, gracefully if it still runs. `root`: another checkout, for an earlier
 * version.
 */
export async function startReplicaProcess(
  t: Cleanup,
  env: Readonly<Record<string, string>>,
  root = ownRoot,
): Promise<ReplicaProcess> {
  closeInReverse(t);
  const dataDir = await createDataDir(t);
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      ...environmentOfChildren(),
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      LOG_LEVEL: 'SILENT',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    if (isRunning(child)) child.kill('SIGTERM');
    await exited;
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000);
    });
  }
  const port = await waitFor(
    'the replica to say where it listens',
    () => {
      if (!isRunning(child)) throw new Error(`the replica did not start:\n${said}`);
      return /is ready at http:\/\/localhost:(\d+)/.exec(said)?.[1];
    },
    startDeadlineMs,
  );
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
