/** A PostgreSQL cluster, its two kinds of backup, and new clusters restored from them. Uses Debian's programs. */
import { execFileSync } from 'node:child_process';
import { chown, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cleanup, closeInReverse } from '../../test/support/cleanup.ts';
import { createDataDir } from '../../test/support/data-dir.ts';
import { ask, findPrograms, ownerOfServers, startServer } from './postgres-server.ts';

export interface PostgresCluster {
  /** The URL of the service's database. */
  readonly url: string;
  /** `pg_dumpall --roles-only` and `pg_dump`: the database as of the start of the dump. Returns the size. */
  dump(): { readonly bytes: number };
  /** `pg_basebackup`: the cluster as of the end of the copy. */
  copy(): void;
  /** Kills the server and removes its data. */
  destroy(): Promise<void>;
}

export interface Postgres {
  start(): Promise<PostgresCluster>;
  /** Restores the dump in a new cluster. */
  restoreDump(): Promise<PostgresCluster>;
  /** Starts a new cluster on the copied folder. */
  restoreCopy(): Promise<PostgresCluster>;
}

const database = 'integration_db';

/** Stopped after `t`. Throws if Debian's programs are missing. */
export async function openPostgres(t: Cleanup): Promise<Postgres> {
  closeInReverse(t);
  const bin = await findPrograms();
  const owner = ownerOfServers();
  const folder = await createDataDir(t);
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const [rolesFile, dumpFile, copyFolder] = ['roles.sql', 'database.dump', 'copy'].map((name) => join(folder, name));
  const run = (program: string, ...args: readonly (string | undefined)[]): string =>
    execFileSync(join(bin, program), args as string[], { ...owner, cwd: folder, encoding: 'utf8', stdio: 'pipe' });

  const serve = async (data: string): Promise<PostgresCluster & { readonly port: number }> => {
    const server = await startServer(t, { bin, owner, data, settings: [] });
    const url = `postgres://postgres@127.0.0.1:${server.port}/${database}`;
    return {
      url,
      port: server.port,
      dump() {
        run('pg_dumpall', '--roles-only', `--dbname=${url}`, `--file=${rolesFile}`);
        run('pg_dump', '--format=custom', `--dbname=${url}`, `--file=${dumpFile}`);
        return { bytes: Number(execFileSync('stat', ['-c', '%s', dumpFile as string], { encoding: 'utf8' })) };
      },
      copy: () => void run('pg_basebackup', `--dbname=${url}`, `--pgdata=${copyFolder}`, '--checkpoint=fast'),
      async destroy() {
        await server.kill();
        await rm(data, { recursive: true, force: true });
      },
    };
  };
  const startEmpty = async (name: string) => {
    const data = join(folder, name);
    run('initdb', `--pgdata=${data}`, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale');
    const cluster = await serve(data);
    await ask(cluster.port, `create database ${database}`);
    return cluster;
  };

  return {
    start: () => startEmpty('first'),
    async restoreDump() {
      const cluster = await startEmpty('restored');
      // The new cluster has its superuser already, but not the service's roles.
      run('psql', '--quiet', `--dbname=${cluster.url}`, `--file=${rolesFile}`);
      run('pg_restore', '--exit-on-error', `--dbname=${cluster.url}`, dumpFile);
      return cluster;
    },
    restoreCopy: () => serve(copyFolder as string),
  };
}
