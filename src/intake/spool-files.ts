/** The segment files of a spool: which exist, how many bytes they hold, and which one is written to. */
import { type FileHandle, rm } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Logger } from '../logger.ts';
import type { Keyring } from '../secrets/keyring.ts';
import { IntakeFull } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';
import { createSegment, cutBack, retire, type Segment, segmentOf } from './segment-file.ts';
import { openSpoolFolder, type SpoolFolder } from './spool-folder.ts';
import { renderFrame, writeDurably } from './spool-segment.ts';

export interface SpoolFiles {
  /** The file to read from. */
  oldest(): Segment | undefined;
  /** The file that appends go to. */
  newest(): Segment | undefined;
  bytesToRead(): number;
  /** Adds files that are not known yet. */
  load(): Promise<void>;
  /** Throws `IntakeFull` at the size limit, and the file system's errors; the file is then unchanged. */
  append(records: readonly PreparedRecord[]): Promise<void>;
  /** Appends refused records to a file that is never drained. */
  setAside(records: readonly PreparedRecord[]): Promise<void>;
  /** Removes a file that was read to its end, or renames it if it must be kept. */
  finish(segment: Segment): Promise<void>;
  /**
   * False if another process took over the folder because it considered this process dead; that process drains the
   * files.
   */
  areStillOurs(): Promise<boolean>;
  /** Gives up the files to the process that took them, and starts a new folder. */
  startOver(): Promise<void>;
  /** Moves the files of dead processes into this folder. */
  takeOverDead(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a new folder of this process under `options.path`. */
export async function openSpoolFiles(options: {
  readonly path: string;
  readonly keyring: Keyring;
  readonly logger: Logger;
  readonly maxBytes: number;
  readonly segmentBytes: number;
}): Promise<SpoolFiles> {
  const { keyring, logger, maxBytes, segmentBytes } = options;
  let folder: SpoolFolder = await openSpoolFolder(options.path);
  /** Oldest first; the last one may be open for appending. */
  let segments: Segment[] = [];
  let asideBytes = 0;
  let asideSegment: Segment | null = null;

  /** Bytes of all files, including those set aside. */
  const sizeBytes = (): number => segments.reduce((sum, segment) => sum + segment.sizeBytes, asideBytes);

  const undo = async (segment: Segment): Promise<void> => {
    await cutBack(segment);
    if (segment.sizeBytes > 0) return;
    // On a full disk the file can still be created while the append fails: remove the empty file.
    segments = segments.filter((other) => other !== segment);
    if (asideSegment === segment) asideSegment = null;
    await rm(segment.path, { force: true });
  };

  const appendFrame = async (segment: Segment, records: readonly PreparedRecord[]): Promise<number> => {
    const frame = renderFrame(keyring, segment.id, segment.sizeBytes, records);
    if (sizeBytes() + frame.length > maxBytes) throw new IntakeFull('spool_full');
    try {
      await writeDurably(segment.file as FileHandle, frame, segment.sizeBytes);
    } catch (error) {
      await undo(segment);
      throw error;
    }
    segment.sizeBytes += frame.length;
    return frame.length;
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

  return {
    oldest: () => segments[0],
    newest: () => segments.at(-1),
    bytesToRead: () => segments.reduce((sum, segment) => sum + segment.sizeBytes - segment.readOffset, 0),
    async load() {
      const known = new Set(segments.map(({ id }) => id));
      const files = await folder.files();
      asideBytes = 0;
      for (const file of files) {
        const id = basename(file.path, extname(file.path));
        if (extname(file.path) !== '.seg') asideBytes += file.sizeBytes;
        else if (!known.has(id)) segments.push(segmentOf(file.path, file.sizeBytes, null));
      }
      segments.sort((a, b) => (a.id < b.id ? -1 : 1)); // Ids begin with the time they were made.
    },
    async append(records) {
      await appendFrame(await openSegment(), records);
    },
    async setAside(records) {
      if (asideSegment === null || asideSegment.file === null)
        asideSegment = await createSegment(folder.path, '.refused');
      const writtenBytes = await appendFrame(asideSegment, records);
      asideBytes += writtenBytes;
    },
    async finish(segment) {
      // Remove it from the list first, so that no append uses a file that is being closed.
      segments = segments.filter((other) => other !== segment);
      if (segment.isKept) asideBytes += segment.sizeBytes;
      await retire(segment);
    },
    areStillOurs: () => folder.isStillOurs(),
    async startOver() {
      logger.warn({}, 'another process took over the spool folder: starting a new one');
      for (const { file } of segments) await file?.close().catch(() => undefined);
      await asideSegment?.file?.close().catch(() => undefined);
      segments = [];
      asideSegment = null;
      asideBytes = 0;
      await folder.close();
      folder = await openSpoolFolder(options.path);
    },
    takeOverDead: () => folder.takeOverDead(),
    async close() {
      for (const segment of segments) await segment.file?.close();
      await asideSegment?.file?.close();
      await folder.close();
    },
  };
}
