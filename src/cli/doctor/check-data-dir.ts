/** The folder that keeps what was acknowledged while PostgreSQL was away. */
import { mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, failed, ok, reasonOf, warning } from './finding.ts';

const enoughFreeBytes = 1024 ** 3;

export async function checkDataDir(dataDir: string): Promise<readonly Finding[]> {
  const probe = join(dataDir, `doctor-${process.pid}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    return [failed('data folder', reasonOf(error), 'let the service’s user write DATA_DIR: the spool lives there')];
  }
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  const detail = `writable, ${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  const disk =
    freeBytes >= enoughFreeBytes
      ? ok('data folder', detail)
      : warning('data folder', detail, 'make room: a full disk ends the acknowledging while PostgreSQL is away');
  const waiting = await readdir(join(dataDir, 'spool')).catch(() => []);
  return waiting.length === 0
    ? [disk]
    : [disk, ok('spool', `${waiting.length} ${waiting.length === 1 ? 'file' : 'files'} in the spool folder`)];
}
