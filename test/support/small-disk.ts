/** A disk that is really too small, for a process started through it. */
import { spawnSync } from 'node:child_process';

export interface SmallDisk {
  readonly kind: 'small file system' | 'small files';
  /** Put before the program; only this process sees the folder as the small disk, which disappears with it. */
  launcher(folder: string): readonly string[];
}

/** Far below what a test sends, with room for a few dozen deliveries. */
const sizeKib = 192;
/** In blocks of 512 bytes. */
const fileBlocks = 8;

/**
 * A file system in memory that only the process sees, if the system allows it (Linux, as root or in a user namespace):
 * ENOSPC. Elsewhere a limit on the size of each file: larger groups are cut, with EFBIG.
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
