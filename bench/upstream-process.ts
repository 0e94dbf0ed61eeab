import type { Cleanup } from '../test/support/cleanup.ts';
import { type ServerProcess, startServerProcess } from './processes.ts';

/** The provider that answers at once, on the load's core. */
export async function startUpstream(t: Cleanup): Promise<ServerProcess> {
  const upstream = await startServerProcess({
    args: (port) => ['bench/peers/upstream.ts', String(port)],
    core: 'load',
  });
  t.after(() => upstream.close());
  return upstream;
}
