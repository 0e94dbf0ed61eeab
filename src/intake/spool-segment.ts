/**
 * The format of a segment file: frames, each a group of records that were acknowledged together.
 *
 *   frame = length (4 bytes, big-endian) · CRC-32 of what follows (4) · sealed bytes
 *
 * A frame is sealed with AES-256-GCM and bound to its file and its offset: it cannot be read without the key, and a
 * frame that was changed, moved or left out is detected. The checksum tells a torn tail from a wrong key. A group is
 * acknowledged only after its frame was flushed, so a frame that the end of the file cuts off was never acknowledged.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readBytes } from '../files/read-bytes.ts';
import type { Keyring, SealBinding } from '../secrets/keyring.ts';
import type { PreparedRecord } from './prepare.ts';

export const frameHeaderBytes = 8;
/** Far above the size of any batch: a larger length means that this is not a frame. */
const maxFrameBytes = 256 * 1024 * 1024;

export type FrameRead =
  | { readonly kind: 'frame'; readonly records: readonly PreparedRecord[]; readonly endOffset: number }
  /** There are no further acknowledged frames. */
  | { readonly kind: 'end'; readonly isTorn: boolean }
  /** Acknowledged but not readable: the bytes changed on the disk, or their key is missing. */
  | { readonly kind: 'damaged'; readonly reason: unknown; readonly endOffset: number };

/** Renders the records as a frame for this file and offset. */
export function renderFrame(
  keyring: Keyring,
  segmentId: string,
  offset: number,
  records: readonly PreparedRecord[],
): Buffer {
  const plain = Buffer.from(JSON.stringify(records, withoutRendered), 'utf8');
  const sealed = keyring.sealBytes(plain, bindingOf(segmentId, offset));
  const header = Buffer.allocUnsafe(frameHeaderBytes);
  header.writeUInt32BE(sealed.length, 0);
  header.writeUInt32BE(crc32(sealed), 4);
  return Buffer.concat([header, sealed]);
}

/** Omits an event that is also rendered from its row, so that it is not stored twice. */
function withoutRendered(this: unknown, key: string, value: unknown): unknown {
  return key === 'received' && (this as PreparedRecord).webhook ? undefined : value;
}

/** Writes all of `bytes` at `offset` and flushes it to the disk. Throws what the file system throws (ENOSPC, EIO). */
export async function writeDurably(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const step = await file.write(bytes, written, bytes.length - written, offset + written);
    if (step.bytesWritten === 0) throw new Error('wrote 0 bytes to the spool file');
    written += step.bytesWritten;
  }
  await file.datasync();
}

/** Reads the frame at `offset`; only the first `sizeBytes` of the file count. */
export async function readFrame(
  keyring: Keyring,
  path: string,
  segmentId: string,
  offset: number,
  sizeBytes: number,
): Promise<FrameRead> {
  if (offset >= sizeBytes) return { kind: 'end', isTorn: false };
  const file = await open(path, 'r');
  try {
    const header = await readBytes(file, offset, Math.min(frameHeaderBytes, sizeBytes - offset));
    const length = header.length < frameHeaderBytes ? 0 : header.readUInt32BE(0);
    const endOffset = offset + frameHeaderBytes + length;
    if (length === 0 || length > maxFrameBytes || endOffset > sizeBytes) return { kind: 'end', isTorn: true };
    const sealed = await readBytes(file, offset + frameHeaderBytes, length);
    if (sealed.length < length) return { kind: 'end', isTorn: true };
    if (crc32(sealed) !== header.readUInt32BE(4)) {
      // The disk may write the blocks of the last write in any order: a tail of the right length can be incomplete.
      if (endOffset === sizeBytes) return { kind: 'end', isTorn: true };
      return { kind: 'damaged', reason: 'its checksum is wrong', endOffset };
    }
    try {
      const plain = keyring.openBytes(sealed, bindingOf(segmentId, offset)).toString('utf8');
      return { kind: 'frame', records: JSON.parse(plain) as PreparedRecord[], endOffset };
    } catch (error) {
      return { kind: 'damaged', reason: error, endOffset };
    }
  } finally {
    await file.close();
  }
}

function bindingOf(segmentId: string, offset: number): SealBinding {
  return { table: 'spool', rowId: segmentId, tenantId: '*', column: `frame ${offset}` };
}
