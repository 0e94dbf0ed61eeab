/** Checks the folder that stores acknowledged records while PostgreSQL is away. */
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { type Finding, failed, ok, reasonOf, warning } from './finding.ts';

const enoughFreeBytes = 1024 ** 3;

export async function checkDataDir(dataDir: string): Promise<readonly Finding[]> {
  const probe = join(dataDir, `doctor-${process.pid}`);
  try {
    makeFolder(dataDir);
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
  return [disk, ...(await checkSpool(join(dataDir, 'spool')))];
}

/** Each process has its own folder in it, which exists even if it is empty. */
async function checkSpool(path: string): Promise<readonly Finding[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => []);
  const countOf = (...extensions: readonly string[]): number =>
    entries.filter((entry) => entry.isFile() && extensions.includes(extname(entry.name))).length;
  const [waiting, aside] = [countOf('.seg'), countOf('.refused', '.damaged')];
  const findings: Finding[] = [ok('spool', waiting === 0 ? 'empty' : `${filesOf(waiting)} to be stored`)];
  if (aside > 0) {
    const detail = `${filesOf(aside)} of records that could not be read, or that PostgreSQL refuses`;
    findings.push(
      warning('spool', detail, 'see the log of the service for the reason; they are not stored by themselves'),
    );
  }
  return findings;
}

function filesOf(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`;
}
