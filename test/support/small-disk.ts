/** A disk that really is too small, for a process that is started through it. */
import { spawnSync } from 'node:child_process';

export interface SmallDisk {
  readonly kind: 'small file system' | 'small files';
  /** Put before the program; the folder is the small disk, for this process alone. Gone with it. */
  launcher(folder: string): readonly string[];
}

/** Far below what a test sends, and room for a few dozen deliveries. */
const sizeKib = 192;
/** In blocks of 512 bytes. */
const fileBlocks = 8;

/**
 * A file system in memory that only the process sees, where the system lets us mount one (Linux, as root or in a user
 * namespace): ENOSPC. Elsewhere a limit for the size of each file: larger groups are cut off in the middle, with EFBIG.
 */
export function findSmallDisk(): SmallDisk {
  const mount = `mount -t tmpfs -o size=${sizeKib}k none "$0" && exec "$@"`;
  for (const unshare of [
    ['unshare', '--mount'],
    ['unshare', '--user', '--map-root-user', '--mount'],
  ]) {
    const launcher = (folder: string) => [...unshare, 'sh', '-c', mount, folder];
    const [program = '', ...args] = [...launcher('/tmp'), 'true'];
    if (spawnSync(program, args).status === 0) return { kind: 'small file system', launcher };
  }
  const limit = `trap '' XFSZ && ulimit -f ${fileBlocks} && exec "$@"`;
  return { kind: 'small files', launcher: (folder) => ['sh', '-c', limit, folder] };
}
