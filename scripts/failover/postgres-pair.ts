/**
 * A PostgreSQL primary with one synchronous standby on this machine, behind one address that points to the new primary
 * after a failover, like a virtual address or a proxy in a data centre.
 *
 * Uses Debian's programs (`postgresql`): npm's packages lack `pg_basebackup`.
 */
import { execFileSync } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cleanup, closeInReverse } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { ask, findPrograms, ownerOfServers, startServer } from './postgres-server.ts';

export interface PostgresPair {
  /** For `DATABASE_URL`: always leads to the current primary. */
  readonly url: string;
  /**
   * Kills the primary with SIGKILL, promotes the standby, and points the address to it. Resolves when it accepts
   * writes.
   */
  failOver(): Promise<void>;
}

const startDeadlineMs = 60_000;

/** Stopped after `t`. Throws if Debian's programs are missing. */
export async function startPostgresPair(t: Cleanup): Promise<PostgresPair> {
  closeInReverse(t);
  const bin = await findPrograms();
  const owner = ownerOfServers();
  const folder = await createDataDir(t);
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const run = (program: string, args: readonly string[]): void =>
    void execFileSync(join(bin, program), args, { ...owner, cwd: folder, stdio: 'pipe' });

  const [primaryFolder, standbyFolder] = [join(folder, 'primary'), join(folder, 'standby')];
  run('initdb', [`--pgdata=${primaryFolder}`, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale']);
  const start = (data: string, settings: readonly string[]) => startServer(t, { bin, owner, data, settings });
  const primary = await start(primaryFolder, ['synchronous_standby_names=*', 'wal_level=replica']);
  run('pg_basebackup', [
    `--dbname=postgres://postgres@127.0.0.1:${primary.port}/postgres?application_name=standby`,
    `--pgdata=${standbyFolder}`,
    '--write-recovery-conf',
    '--checkpoint=fast',
  ]);
  const standby = await start(standbyFolder, ['hot_standby=on']);
  await waitFor(
    'the standby to be synchronous',
    async () => {
      const [row] = await ask(primary.port, 'select sync_state from pg_stat_replication');
      return row?.sync_state === 'sync';
    },
    startDeadlineMs,
  );

  const address = { host: '127.0.0.1', port: primary.port };
  const proxy = await startTcpProxy(t, address);
  return {
    url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
    async failOver() {
      await primary.kill();
      await ask(standby.port, 'select pg_promote(true, 60)');
      address.port = standby.port;
    },
  };
}
