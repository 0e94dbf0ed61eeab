/** The whole service as a separate process, to be killed and started again on the same stores. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentOfChildren } from './child-environment.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { waitFor } from './wait-for.ts';

const root = join(import.meta.dirname, '../..');

export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Like a power failure: nothing is finished. */
  kill(): Promise<void>;
}

/** Resolves when it serves. Killed after `t` if it still runs. `launcher` is put before the program, and becomes it. */
export async function startServiceProcess(
  t: Cleanup,
  env: Readonly<Record<string, string>>,
  launcher: readonly string[] = [],
): Promise<ServiceProcess> {
  closeInReverse(t);
  const [program = process.execPath, ...args] = [...launcher, process.execPath, 'src/main.ts'];
  const child: ChildProcess = spawn(program, args, {
    cwd: root,
    env: { ...environmentOfChildren(), PORT: '0', HOST: '127.0.0.1', EMULATOR: 'off', ...env },
  });
  let log = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => {
    // Only the beginning is kept, because it has the address.
    if (log.length < 65_536) log += chunk.toString();
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  const ready = await waitFor(
    'the service to serve',
    () => {
      if (child.exitCode !== null) throw new Error(`the service ended: ${log}`);
      return /"url":"(http:[^"]+)"/.exec(log);
    },
    60_000,
  );
  return { url: ready[1] as string, pid: child.pid as number, kill };
}
