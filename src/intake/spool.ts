/**
 * Keeps acknowledged records on the disk while PostgreSQL does not accept them: append-only segment files under
 * `DATA_DIR/spool`, encrypted, checksummed, and flushed before a record is acknowledged.
 *
 * Groups are read in order. The read position is only in memory, and a segment is removed when all of it was committed.
 * After a crash its groups are committed again, which is safe: a record that is already stored changes nothing.
 *
 * Bound: `maxBytes` over all files. At the bound, and when the disk is full, `append` throws `IntakeFull`.
 */
import { makeFolder } from '../files/make-folder.ts';
import type { Logger } from '../logger.ts';
import type { Keyring } from '../secrets/keyring.ts';
import { IntakeFull } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';
import { type Segment, withDeadline } from './segment-file.ts';
import { openSpoolFiles } from './spool-files.ts';
import { type FrameRead, readFrame } from './spool-segment.ts';

/** One group of records read from the spool. */
export interface SpoolBatch {
  readonly records: readonly PreparedRecord[];
  /** Moves on to the next group; removes a segment that was read to its end. */
  done(): Promise<void>;
  /** Keeps the group's file on the disk after it is read to its end. */
  keepFile(): void;
}

export interface Spool {
  /** Resolves when the records are on the disk. Throws `IntakeFull`. One call at a time. */
  append(records: readonly PreparedRecord[]): Promise<void>;
  /** The oldest group, until `done` is called. null: the spool is empty. */
  next(): Promise<SpoolBatch | null>;
  isEmpty(): boolean;
  /** Upper bound of the bytes left to read. */
  bytesToRead(): number;
  /** Stores records that PostgreSQL refuses for good in a separate file on disk. */
  setAside(records: readonly PreparedRecord[]): Promise<void>;
  /** Takes over the spools of dead processes. */
  takeOverDead(): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** `DATA_DIR/spool`. */
  readonly path: string;
  readonly keyring: Keyring;
  readonly logger: Logger;
  /** Default 512 MiB. */
  readonly maxBytes?: number;
  /** Maximum size of a segment. Default 16 MiB. */
  readonly segmentBytes?: number;
}

/** Opens the spool of this process and takes over the spools of dead ones. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { keyring, logger, maxBytes = 512 * 1024 * 1024, segmentBytes = 16 * 1024 * 1024 } = options;
  makeFolder(options.path);
  const files = await openSpoolFiles({ ...options, maxBytes, segmentBytes });
  const appends = createQueue();
  let closed = false;

  const startOverIfTaken = async (): Promise<void> => {
    if (!(await files.areStillOurs())) await files.startOver();
  };

  const appendDurably = async (records: readonly PreparedRecord[]): Promise<void> => {
    for (let tries = 1; tries <= 3; tries++) {
      try {
        await files.append(records);
        if (await files.areStillOurs()) return;
      } catch (error) {
        // No file can be created in a folder that no longer exists.
        if (await files.areStillOurs()) throw error;
      }
      await files.startOver();
    }
    throw new Error('the spool folder was taken over three times');
  };

  /** null: another process took over the folder and continues reading there. */
  const readFirst = async (segment: Segment): Promise<FrameRead | null> => {
    try {
      return await readFrame(keyring, segment.path, segment.id, segment.readOffset, segment.sizeBytes);
    } catch (error) {
      if (await files.areStillOurs()) throw error;
      await appends.run(startOverIfTaken);
      return null;
    }
  };

  const asFull = (error: unknown): unknown => {
    if (error instanceof IntakeFull) return error;
    logger.error({ err: error }, 'could not write to the spool');
    return new IntakeFull('spool_full', error);
  };

  const next = async (): Promise<SpoolBatch | null> => {
    for (;;) {
      const segment = files.oldest();
      if (segment === undefined) return null;
      const read = await readFirst(segment);
      if (read === null) continue;
      if (read.kind === 'frame') {
        return {
          records: read.records,
          async done() {
            segment.readOffset = read.endOffset;
            // The newest file may still be written to: it is removed in a later turn.
            if (segment.readOffset >= segment.sizeBytes && segment !== files.newest()) await files.finish(segment);
          },
          keepFile() {
            segment.isKept = true;
          },
        };
      }
      if (read.kind === 'damaged') {
        logger.error(
          { err: read.reason, segment: segment.id },
          'could not read a group in the spool: keeping its file',
        );
        segment.isKept = true;
        segment.readOffset = read.endOffset;
        continue;
      }
      if (read.isTorn)
        logger.warn({ segment: segment.id }, 'the spool ends in an incomplete group that was never acknowledged');
      segment.readOffset = segment.sizeBytes;
      await appends.settled();
      if (segment.readOffset >= segment.sizeBytes) await files.finish(segment);
    }
  };

  await files.takeOverDead();
  await files.load();

  return {
    append(records) {
      return withDeadline(appends.run(() => appendDurably(records))).catch((error: unknown) => {
        throw asFull(error);
      });
    },
    next,
    isEmpty: () => files.bytesToRead() === 0,
    bytesToRead: files.bytesToRead,
    setAside: files.setAside,
    async takeOverDead() {
      await appends.run(startOverIfTaken);
      await files.takeOverDead();
      // Queued, because otherwise a file that an append is creating would be counted twice.
      await appends.run(files.load);
    },
    async close() {
      if (closed) return;
      closed = true;
      await appends.settled();
      for (let first = files.oldest(); first !== undefined && files.bytesToRead() === 0; first = files.oldest()) {
        await files.finish(first);
      }
      await files.close();
    },
  };
}

/** Runs work on the files one piece at a time. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run<T>(work: () => Promise<T>): Promise<T> {
      const done = last.then(work, work);
      last = done;
      return done;
    },
    async settled(): Promise<void> {
      let awaited: Promise<unknown>;
      do {
        awaited = last;
        await awaited.catch(() => undefined);
      } while (awaited !== last);
    },
  };
}
