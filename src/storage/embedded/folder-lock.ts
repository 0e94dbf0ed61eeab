/**
 * Locks a folder for one process. A process id alone is not enough: after a crash another program may get the same one.
 * So the lock also holds the start time of the process, and a holder whose start time differs is dead.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { processBegin, processLives } from './processes.ts';

/** Another living process uses the folder. */
export class FolderInUse extends Error {
  readonly processId: number;

  constructor(folder: string, processId: number) {
    super(`the folder ${folder} is in use by process ${processId}: stop it, or choose another DATA_DIR`);
    this.name = 'FolderInUse';
    this.processId = processId;
  }
}

export interface FolderLock {
  release(): Promise<void>;
}

interface Holder {
  readonly processId: number;
  readonly begin: string | null;
}

const fileName = 'in-use-by';
const maxAttempts = 10;

/** Creates the folder if it is missing. Throws `FolderInUse`. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  makeFolder(folder);
  const path = join(folder, fileName);
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify({ processId: process.pid, begin: processBegin(process.pid) } satisfies Holder));
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      // link() creates the file together with its content, so no process reads half a lock.
      if (await succeeds(link(draft, path), 'EEXIST')) return { release: () => rm(path, { force: true }) };
      await removeIfStale(folder, path);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new Error(`the lock ${path} could not be acquired`);
}

/** Throws `FolderInUse` if the holder is alive. */
async function removeIfStale(folder: string, path: string): Promise<void> {
  const holder = await readHolder(path);
  if (holder !== null && isAlive(holder)) throw new FolderInUse(folder, holder.processId);
  // Two processes may find the same dead holder. Check the moved file again, in case the other one replaced it first.
  const moved = `${path}.${randomUUID()}`;
  if (!(await succeeds(rename(path, moved), 'ENOENT'))) return;
  const removed = await readHolder(moved);
  if (removed !== null && isAlive(removed)) await succeeds(link(moved, path), 'EEXIST');
  await rm(moved, { force: true });
}

async function succeeds(work: Promise<unknown>, expectedCode: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expectedCode) return false;
    throw error;
  }
}

/** Returns null if the file is gone or cannot be parsed. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    const { processId, begin } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (typeof processId !== 'number') return null;
    return { processId, begin: typeof begin === 'string' ? begin : null };
  } catch {
    return null;
  }
}

function isAlive({ processId, begin }: Holder): boolean {
  if (processId <= 0 || !processLives(processId)) return false;
  const now = processBegin(processId);
  return begin === null || now === null || now === begin;
}
