/**
 * Where acknowledged records wait on the disk while PostgreSQL does not take them: append-only segment files under
 * `DATA_DIR/spool`, sealed, checksummed, flushed before anything is acknowledged.
 *
 * Read in order, group by group. A group that was committed is passed over only in memory; a segment is removed when
 * all of it was. After a crash its groups are committed again, which changes nothing: each record knows whether it is
 * there.
 *
 * Bound: `maxBytes` over all files. At the bound, and when the disk is full, `append` throws `IntakeFull`.
 */
import { type FileHandle, rm } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import type { Logger } from '../logger.ts';
import type { Keyring } from '../secrets/keyring.ts';
import { IntakeFull } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';
import { createSegment, cutBack, retire, type Segment, segmentOf, withDeadline } from './segment-file.ts';
import { openSpoolFolder, type SpoolFolder } from './spool-folder.ts';
import { type FrameRead, readFrame, renderFrame, writeDurably } from './spool-segment.ts';

export interface SpoolBatch {
  readonly records: readonly PreparedRecord[];
  /** Goes on to the next group; removes what is read to its end. */
  done(): Promise<void>;
  /** The file that it lies in stays on the disk, out of the way, when it is read to its end. */
  keepFile(): void;
}

export interface Spool {
  /** Resolves when the records are on the disk. Throws `IntakeFull`. One call at a time. */
  append(records: readonly PreparedRecord[]): Promise<void>;
  /** The oldest group; the same one until it is done. null: nothing is left. */
  next(): Promise<SpoolBatch | null>;
  isEmpty(): boolean;
  /** No more than this is left to read. */
  bytesToRead(): number;
  /** Keeps records that PostgreSQL refuses for good, out of the way and still on the disk. */
  setAside(records: readonly PreparedRecord[]): Promise<void>;
  /** Takes over what dead processes left. */
  takeOverDead(): Promise<void>;
  /** All files, those set aside included. */
  sizeBytes(): number;
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** `DATA_DIR/spool`. */
  readonly path: string;
  readonly keyring: Keyring;
  readonly logger: Logger;
  /** Default 512 MiB. */
  readonly maxBytes?: number;
  /** A segment is closed when it is this long. Default 16 MiB. */
  readonly segmentBytes?: number;
}

export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { keyring, logger } = options;
  const maxBytes = options.maxBytes ?? 512 * 1024 * 1024;
  const segmentBytes = options.segmentBytes ?? 16 * 1024 * 1024;
  makeFolder(options.path);
  let folder: SpoolFolder = await openSpoolFolder(options.path);
  /** Oldest first; the last one may be open for appending. */
  let segments: Segment[] = [];
  let asideBytes = 0;
  let asideSegment: Segment | null = null;
  let lastAppend: Promise<unknown> = Promise.resolve();
  let closed = false;

  const totalBytes = (): number => segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, asideBytes);
  const bytesToRead = (): number =>
    segments.reduce((sum, { sizeBytes, readOffset }) => sum + sizeBytes - readOffset, 0);

  const loadFiles = async (): Promise<void> => {
    const known = new Set(segments.map(({ id }) => id));
    const files = await folder.files();
    asideBytes = 0;
    for (const { path, sizeBytes } of files) {
      const id = basename(path, extname(path));
      if (extname(path) !== '.seg') asideBytes += sizeBytes;
      else if (!known.has(id)) segments.push(segmentOf(path, sizeBytes, null));
    }
    segments.sort((a, b) => (a.id < b.id ? -1 : 1)); // Ids begin with the time they were made.
  };

  const undo = async (segment: Segment): Promise<void> => {
    await cutBack(segment);
    if (segment.sizeBytes > 0) return;
    // On a full disk every append gets as far as this: its file must not stay.
    segments = segments.filter((other) => other !== segment);
    if (asideSegment === segment) asideSegment = null;
    await rm(segment.path, { force: true });
  };

  const appendFrame = async (segment: Segment, records: readonly PreparedRecord[]): Promise<void> => {
    const frame = renderFrame(keyring, segment.id, segment.sizeBytes, records);
    if (totalBytes() + frame.length > maxBytes) throw new IntakeFull('spool_full');
    try {
      await writeDurably(segment.file as FileHandle, frame, segment.sizeBytes);
    } catch (error) {
      await undo(segment);
      throw error;
    }
    segment.sizeBytes += frame.length;
  };

  /** Another process thought us dead and took our folder: what lies there is its to drain. We begin anew. */
  const beginAnew = async (): Promise<void> => {
    logger.warn({}, 'another process took over the spool folder: starting a new one');
    for (const { file } of segments) await file?.close().catch(() => undefined);
    await asideSegment?.file?.close().catch(() => undefined);
    segments = [];
    asideSegment = null;
    asideBytes = 0;
    await folder.close();
    folder = await openSpoolFolder(options.path);
  };

  const beginAnewIfTaken = async (): Promise<void> => {
    if (!(await folder.isStillOurs())) await beginAnew();
  };

  const openSegment = async (): Promise<Segment> => {
    const last = segments.at(-1);
    if (last !== undefined && last.file !== null && last.sizeBytes < segmentBytes) return last;
    await last?.file?.close();
    if (last !== undefined) last.file = null;
    const segment = await createSegment(folder.path, '.seg');
    segments.push(segment);
    return segment;
  };

  const appendDurably = async (records: readonly PreparedRecord[]): Promise<void> => {
    for (let tries = 1; tries <= 3; tries++) {
      try {
        await appendFrame(await openSegment(), records);
        if (await folder.isStillOurs()) return;
      } catch (error) {
        // In a folder that is gone no file can be made.
        if (await folder.isStillOurs()) throw error;
      }
      await beginAnew();
    }
    throw new Error('the spool folder was taken over three times');
  };

  const afterAppends = <T>(work: () => Promise<T>): Promise<T> => {
    const done = lastAppend.then(work, work);
    lastAppend = done;
    return done;
  };

  /** null: another process has the folder, and reads on there. */
  const readFirst = async (segment: Segment): Promise<FrameRead | null> => {
    try {
      return await readFrame(keyring, segment.path, segment.id, segment.readOffset, segment.sizeBytes);
    } catch (error) {
      if (await folder.isStillOurs()) throw error;
      await afterAppends(beginAnewIfTaken);
      return null;
    }
  };

  const asFull = (error: unknown): unknown => {
    if (error instanceof IntakeFull) return error;
    logger.error({ err: error }, 'could not write to the spool');
    return new IntakeFull('spool_full', error);
  };

  const appendsSettled = async (): Promise<void> => {
    let awaited: Promise<unknown>;
    do {
      awaited = lastAppend;
      await awaited.catch(() => undefined);
    } while (awaited !== lastAppend);
  };

  const finish = async (segment: Segment): Promise<void> => {
    // At once, so that no append that begins meanwhile takes a file that is being closed.
    segments = segments.filter((other) => other !== segment);
    if (segment.isKept) asideBytes += segment.sizeBytes;
    await retire(segment);
  };

  const next = async (): Promise<SpoolBatch | null> => {
    for (;;) {
      const segment = segments[0];
      if (segment === undefined) return null;
      const read = await readFirst(segment);
      if (read === null) continue;
      if (read.kind === 'frame') {
        return {
          records: read.records,
          async done() {
            segment.readOffset = read.endOffset;
            // Only what no append is writing to now: the last one waits for its next turn.
            if (segment.readOffset >= segment.sizeBytes && segment !== segments.at(-1)) await finish(segment);
          },
          keepFile() {
            segment.isKept = true;
          },
        };
      }
      if (read.kind === 'damaged') {
        logger.error(
          { err: read.reason, segment: segment.id },
          'could not read a group in the spool: its file is kept',
        );
        segment.isKept = true;
        segment.readOffset = read.endOffset;
        continue;
      }
      if (read.isTorn)
        logger.warn({ segment: segment.id }, 'the spool ends in an incomplete group that was never acknowledged');
      segment.readOffset = segment.sizeBytes;
      await appendsSettled();
      if (segment.readOffset >= segment.sizeBytes) await finish(segment);
    }
  };

  await folder.takeOverDead();
  await loadFiles();

  return {
    append(records) {
      return withDeadline(afterAppends(() => appendDurably(records))).catch((error: unknown) => {
        throw asFull(error);
      });
    },
    next,
    isEmpty: () => bytesToRead() === 0,
    bytesToRead,
    async setAside(records) {
      if (asideSegment === null || asideSegment.file === null)
        asideSegment = await createSegment(folder.path, '.refused');
      const before = asideSegment.sizeBytes;
      await appendFrame(asideSegment, records);
      asideBytes += asideSegment.sizeBytes - before;
    },
    async takeOverDead() {
      await afterAppends(beginAnewIfTaken);
      await folder.takeOverDead();
      // A file that an append is just making would be taken for one more.
      await afterAppends(loadFiles);
    },
    sizeBytes: totalBytes,
    async close() {
      if (closed) return;
      closed = true;
      await appendsSettled();
      while (segments.length > 0 && bytesToRead() === 0) await finish(segments[0] as Segment);
      for (const segment of segments) await segment.file?.close();
      await asideSegment?.file?.close();
      await folder.close();
    },
  };
}
