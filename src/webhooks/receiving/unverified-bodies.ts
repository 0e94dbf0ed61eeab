/**
 * Room for the bodies of deliveries whose signature has not held yet: all that an unknown sender with a webhook's
 * address can make this process keep.
 *
 * | a body                                   | is kept                                                          |
 * | ---------------------------------------- | ---------------------------------------------------------------- |
 * | up to `smallBytes`                       | in memory, as long as all such bodies fit into `maxMemoryBytes`   |
 * | larger, or small ones beyond that        | in a file under `DATA_DIR`, as long as all fit into `maxFileBytes` |
 * | beyond both, or more than a tenant's part | nowhere: its sender is asked to retry                            |
 *
 * A file has no name by the time that something stands in it, and its key only this process has: a crash leaves nothing
 * to be read. A body that came whole is read back when there is room among those that are looked at.
 */
import { type Cipheriv, createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../logger.ts';

export interface UnverifiedBody {
  /** Stores the next chunk. False if there is no room: the body is lost. */
  add(chunk: Buffer): boolean | Promise<boolean>;
  /** The body, in memory; null if there was no room in time. */
  whole(): Promise<Buffer | null>;
  /** Frees its memory and its file. */
  release(): void;
}

export interface UnverifiedBodies {
  /** Room for one body. */
  open(tenantId: string): UnverifiedBody;
}

export interface UnverifiedBodiesOptions {
  /** A folder that only this program uses. */
  readonly path: string;
  readonly logger: Pick<Logger, 'warn'>;
  readonly maxFileBytes: number;
  readonly maxMemoryBytes?: number;
  readonly smallBytes?: number;
}

const usualMaxMemoryBytes = 64 * 1024 * 1024;
const usualSmallBytes = 256 * 1024;
/** Bodies read back from files and checked at once. */
const maxReadBackBytes = 64 * 1024 * 1024;
/** The share of a budget that one tenant's bodies may fill: a flood of one tenant leaves room for the others. */
const tenantPart = 0.75;
const longestWaitMs = 10_000;

export function createUnverifiedBodies(options: UnverifiedBodiesOptions): UnverifiedBodies {
  const { path, logger } = options;
  const smallBytes = options.smallBytes ?? usualSmallBytes;
  const memory = createBudget(options.maxMemoryBytes ?? usualMaxMemoryBytes);
  const files = createBudget(options.maxFileBytes);
  const readBackQueue = createQueue(maxReadBackBytes);

  return {
    open(tenantId) {
      const inMemory: Buffer[] = [];
      let memoryBytes = 0;
      let file: BodyFile | null = null;
      let fileBytes = 0;
      let isReleased = false;
      let leaveQueue: (() => void) | null = null;

      const spill = async (chunks: readonly Buffer[]): Promise<boolean> => {
        try {
          file ??= await openBodyFile(path);
          if (isReleased) {
            file.close();
            return false;
          }
          for (const chunk of chunks) await file.append(chunk);
          return true;
        } catch (error) {
          logger.warn({ err: error }, 'could not keep a body under DATA_DIR until its signature is checked');
          return false;
        }
      };
      const freeMemory = (): void => {
        memory.give(tenantId, memoryBytes);
        memoryBytes = 0;
        inMemory.length = 0;
      };

      return {
        add(chunk) {
          if (file === null && memoryBytes + chunk.length <= smallBytes && memory.take(tenantId, chunk.length)) {
            memoryBytes += chunk.length;
            inMemory.push(chunk);
            return true;
          }
          const movedBytes = file === null ? memoryBytes + chunk.length : chunk.length;
          if (!files.take(tenantId, movedBytes)) return false;
          fileBytes += movedBytes;
          return spill([...inMemory, chunk]).then((isKept) => {
            freeMemory();
            return isKept;
          });
        },
        async whole() {
          if (file === null) return inMemory.length === 1 ? (inMemory[0] as Buffer) : Buffer.concat(inMemory);
          leaveQueue = await readBackQueue.enter(fileBytes);
          if (leaveQueue === null || isReleased) return null;
          return file.readBack(fileBytes);
        },
        release() {
          if (isReleased) return;
          isReleased = true;
          freeMemory();
          files.give(tenantId, fileBytes);
          file?.close();
          leaveQueue?.();
        },
      };
    },
  };
}

interface Budget {
  take(tenantId: string, bytes: number): boolean;
  give(tenantId: string, bytes: number): void;
}

function createBudget(maxBytes: number): Budget {
  let usedBytes = 0;
  const usedByTenant = new Map<string, number>();
  return {
    take(tenantId, bytes) {
      const ofTenant = (usedByTenant.get(tenantId) ?? 0) + bytes;
      if (usedBytes + bytes > maxBytes || ofTenant > maxBytes * tenantPart) return false;
      usedBytes += bytes;
      usedByTenant.set(tenantId, ofTenant);
      return true;
    },
    give(tenantId, bytes) {
      usedBytes -= bytes;
      const left = (usedByTenant.get(tenantId) ?? 0) - bytes;
      if (left <= 0) usedByTenant.delete(tenantId);
      else usedByTenant.set(tenantId, left);
    },
  };
}

/** In order of arrival; a body larger than the whole room enters when it is empty. */
function createQueue(maxBytes: number): { enter(bytes: number): Promise<(() => void) | null> } {
  let insideBytes = 0;
  const waiting = new Set<{ readonly bytes: number; admit(): void }>();
  const hasRoom = (bytes: number): boolean => insideBytes === 0 || insideBytes + bytes <= maxBytes;
  const leaveWith = (bytes: number) => (): void => {
    insideBytes -= bytes;
    for (const next of waiting) {
      if (!hasRoom(next.bytes)) return;
      waiting.delete(next);
      next.admit();
    }
  };
  return {
    enter(bytes) {
      if (waiting.size === 0 && hasRoom(bytes)) {
        insideBytes += bytes;
        return Promise.resolve(leaveWith(bytes));
      }
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(next);
          resolve(null);
        }, longestWaitMs);
        const next = {
          bytes,
          admit() {
            clearTimeout(timer);
            insideBytes += bytes;
            resolve(leaveWith(bytes));
          },
        };
        waiting.add(next);
      });
    },
  };
}

interface BodyFile {
  append(chunk: Buffer): Promise<void>;
  readBack(sizeBytes: number): Promise<Buffer>;
  close(): void;
}

async function openBodyFile(folder: string): Promise<BodyFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = join(folder, randomUUID());
  const handle: FileHandle = await open(name, 'wx+', 0o600);
  try {
    await unlink(name);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const key = randomBytes(32);
  const iv = randomBytes(16);
  const cipher: Cipheriv = createCipheriv('aes-256-ctr', key, iv);
  let lastUse: Promise<unknown> = Promise.resolve();
  const use = <T>(work: () => Promise<T>): Promise<T> => {
    const used = lastUse.then(work);
    lastUse = used.catch(() => undefined);
    return used;
  };
  let atByte = 0;
  return {
    append: (chunk) =>
      use(async () => {
        const sealed = cipher.update(chunk);
        for (let written = 0; written < sealed.length; ) {
          const { bytesWritten } = await handle.write(sealed, written, sealed.length - written, atByte);
          written += bytesWritten;
          atByte += bytesWritten;
        }
      }),
    readBack: (sizeBytes) =>
      use(async () => {
        const body = Buffer.allocUnsafe(sizeBytes);
        const decipher = createDecipheriv('aes-256-ctr', key, iv);
        const pieceBytes = 1024 * 1024;
        for (let read = 0; read < sizeBytes; ) {
          const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, read);
          if (bytesRead === 0) throw new Error('a kept body is shorter than it was');
          decipher.update(buffer.subarray(0, bytesRead)).copy(body, read);
          read += bytesRead;
        }
        return body;
      }),
    close: () => void use(() => handle.close()),
  };
}
