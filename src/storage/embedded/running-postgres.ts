/** Finds the embedded PostgreSQL that another process runs. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { databaseName } from './embedded-postgres.ts';
import { processCommand } from './processes.ts';

/**
 * Returns its URL, read from PostgreSQL's own file `postmaster.pid` (process, folder, start, port …) in the data
 * folder; null if none runs there. Rejects with EACCES if the folder belongs to another user.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const folder = resolve(dataDir);
  const cluster = join(folder, 'postgres');
  const [record, password] = await Promise.all([
    readIfThere(join(cluster, 'postmaster.pid')),
    readIfThere(join(folder, 'postgres-password')),
  ]);
  if (record === null || password === null) return null;
  const [processId, , , port] = record.split('\n');
  // A killed server leaves the file behind, and its process id may belong to another program by now.
  if (processCommand(Number(processId))?.includes(cluster) !== true || !/^\d+$/.test(port ?? '')) return null;
  return `postgres://postgres:${encodeURIComponent(password.trim())}@127.0.0.1:${port}/${databaseName}`;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
