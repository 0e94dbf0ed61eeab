/**
 * Each process spools into its own folder, `spool/<owner id>/`, and takes over the folders of dead processes by
 * renaming them into its own, which only one process can do. A process that was only suspended notices the takeover:
 * after each flush, and before it acknowledges, it checks that its folder still exists.
 */
import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import { processBegin, processLives } from '../storage/embedded/processes.ts';

export interface SpoolFolder {
  readonly path: string;
  /** False if another process took it over. */
  isStillOurs(): Promise<boolean>;
  /** Moves the folders of dead processes into this one. */
  takeOverDead(): Promise<void>;
  /** All files in it, including those in folders taken over. */
  files(): Promise<{ path: string; sizeBytes: number }[]>;
  /** Removes the folder if it is empty; otherwise releases it so that others may take it over at once. */
  close(): Promise<void>;
}

const ownerFile = 'owner.json';
const heartbeatMs = 5_000;
/** An owner on another machine or in another container counts as dead after this long without a heartbeat. */
const silentMs = 60_000;

/** Creates this process's folder and starts its heartbeat. */
export async function openSpoolFolder(root: string): Promise<SpoolFolder> {
  const path = join(root, randomUUID());
  const owner = join(path, ownerFile);
  const self = JSON.stringify({ pid: process.pid, hostname: hostname(), started: processBegin(process.pid) });
  try {
    makeFolder(path);
    await writeFile(owner, self, { mode: 0o600 });
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    if ((error as { code?: string }).code !== 'ENOSPC' || !(await adoptDead(root, path, self))) throw error;
  }
  const { ino } = await stat(owner);
  await flushFolder(path);
  await flushFolder(root);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(owner, now, now).catch(() => undefined); // If the folder was taken over, the next append notices it.
  }, heartbeatMs).unref();

  return {
    path,
    isStillOurs: () =>
      stat(owner).then(
        (found) => found.ino === ino,
        () => false,
      ),
    async takeOverDead() {
      let found = false;
      for (const entry of await readdir(root, { withFileTypes: true })) {
        const other = join(root, entry.name);
        if (!entry.isDirectory() || other === path || (await isAlive(other))) continue;
        const taken = join(path, `taken-${entry.name}`);
        const isTaken = await rename(other, taken).then(
          () => true,
          () => false, // Another process was first.
        );
        if (!isTaken) continue;
        found = true;
        await flatten(path, taken);
      }
      if (found) await flushFolder(path);
    },
    async files() {
      const entries = await readdir(path, { withFileTypes: true, recursive: true });
      const files = entries.filter((entry) => entry.isFile() && entry.name !== ownerFile);
      return Promise.all(
        files.map(async (entry) => {
          const file = join(entry.parentPath, entry.name);
          return { path: file, sizeBytes: (await stat(file)).size };
        }),
      );
    },
    async close() {
      clearInterval(heartbeat);
      const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => null);
      if (entries === null) return;
      const isEmpty = entries.every((entry) => !entry.isFile() || entry.name === ownerFile);
      if (isEmpty) await rm(path, { recursive: true, force: true });
      else await utimes(owner, 0, 0);
    },
  };
}

/**
 * If a full disk has no room for a new folder, this process adopts a dead process's folder: its files may be what fills
 * the disk, and draining them frees space.
 */
async function adoptDead(root: string, path: string, self: string): Promise<boolean> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const other = join(root, entry.name);
    if (!entry.isDirectory() || (await isAlive(other))) continue;
    const ownerBytes = await stat(join(other, ownerFile)).then(
      ({ size }) => size,
      () => 0,
    );
    if (ownerBytes === 0) continue; // Writing an owner into it would need space too.
    const isAdopted = await rename(other, path).then(
      () => true,
      () => false, // Another process was first.
    );
    if (!isAdopted) continue;
    const file = await open(join(path, ownerFile), 'r+');
    try {
      await file.write(self, 0);
      await file.truncate(Buffer.byteLength(self));
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  }
  return false;
}

/**
 * Moves folders that the dead process had taken over itself up beside its own, and removes empty ones. Otherwise they
 * would nest one level deeper with each crash, until their path is too long to open.
 */
async function flatten(path: string, taken: string): Promise<void> {
  const folders = [taken];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let isEmpty = true;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        const movedUp = join(path, entry.name);
        await rename(join(folder, entry.name), movedUp);
        folders.push(movedUp);
      } else if (entry.name !== ownerFile) {
        isEmpty = false;
      }
    }
    if (isEmpty) await rm(folder, { recursive: true, force: true });
  }
}

/** Flushes a folder, so that a file created or renamed in it survives a power failure. */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function isAlive(folder: string): Promise<boolean> {
  try {
    const file = join(folder, ownerFile);
    const { mtimeMs } = await stat(file);
    if (mtimeMs === 0) return false; // Closed cleanly.
    const owner = JSON.parse(await readFile(file, 'utf8')) as { pid: number; hostname: string; started: string | null };
    if (owner.hostname === hostname()) return owner.started === processBegin(owner.pid) && processLives(owner.pid);
    return Date.now() - mtimeMs < silentMs;
  } catch {
    // The folder is being created or taken over right now, or was left incomplete.
    const found = await stat(folder).catch(() => null);
    return found === null || Date.now() - found.mtimeMs < silentMs;
  }
}
