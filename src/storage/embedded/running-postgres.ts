/** The embedded PostgreSQL that another process runs: how to reach it. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { databaseName } from './embedded-postgres.ts';
import { processCommand } from './processes.ts';

/**
 * Read from PostgreSQL's own record in its data folder (`postmaster.pid`: process, folder, start, port …). null where
 * none runs there. Rejects with EACCES where the folder is another user's.
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
  // A server that was killed leaves its record, and its number may be another program's by now.
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
