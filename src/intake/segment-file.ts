/** Segment files of the spool: creating one, undoing a failed append, removing one that was read. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { newId } from '../ids.ts';
import { flushFolder } from './spool-folder.ts';

/** One segment file, and how far it was written and read. */
export interface Segment {
  path: string;
  readonly id: string;
  readOffset: number;
  /** Flushed bytes; any bytes after them are ignored. */
  sizeBytes: number;
  file: FileHandle | null;
  /** Something in it could not be read or stored: the file is renamed instead of removed. */
  isKept: boolean;
}

/** A flush that takes longer counts as failed: the disk hangs. */
const appendDeadlineMs = 10_000;

/** Describes a segment file; `file` is null if it is not open for appending. */
export function segmentOf(path: string, sizeBytes: number, file: FileHandle | null): Segment {
  return { path, id: basename(path, extname(path)), readOffset: 0, sizeBytes, file, isKept: false };
}

/** Creates an empty segment file that survives a power failure. */
export async function createSegment(folder: string, extension: '.seg' | '.refused'): Promise<Segment> {
  const path = join(folder, newId() + extension);
  const file = await open(path, 'wx', 0o600);
  try {
    await flushFolder(folder);
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
  return segmentOf(path, 0, file);
}

/** Restores the segment to its state before the failed append, and closes it: the next append begins a new one. */
export async function cutBack(segment: Segment): Promise<void> {
  await segment.file?.truncate(segment.sizeBytes).catch(() => undefined);
  await segment.file?.close().catch(() => undefined);
  segment.file = null;
}

/** Closes the segment and removes its file, or renames it to `.damaged` if `isKept`. */
export async function retire(segment: Segment): Promise<void> {
  const { file } = segment;
  segment.file = null;
  await file?.close();
  if (segment.isKept) await rename(segment.path, segment.path.replace(/\.seg$/, '.damaged'));
  else await rm(segment.path, { force: true });
  await flushFolder(dirname(segment.path)).catch(() => undefined);
}

/** Throws if the disk does not answer in time. */
export async function withDeadline(appended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the disk does not answer')), appendDeadlineMs);
  });
  try {
    await Promise.race([appended, late]);
  } finally {
    clearTimeout(timer);
  }
}
