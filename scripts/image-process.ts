/** Runs programs inside an image's folder, with the flags that deploy/compose.yaml gives a container. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ImageConfig } from './image-engine.ts';

export interface ImageProcesses {
  /** Read-only root except for the volumes and `/tmp`, the image's user, no capability, no new privileges. */
  start(program: readonly string[]): ChildProcess;
  /** Resolves with its stdout when it has ended; throws unless its exit code is `code`. */
  run(program: readonly string[], code?: number): Promise<string>;
}

/** `folder`: the mounted image. `volumes`: an empty folder for the contents of its volumes. */
export function openImageProcesses(
  { folder, volumes, config }: { folder: string; volumes: string; config: ImageConfig },
  env: Readonly<Record<string, string>>,
): ImageProcesses {
  const places = Object.keys(config.Volumes);
  for (const place of places) {
    if (existsSync(join(volumes, place))) continue;
    execFileSync('cp', ['-a', '--parents', `.${place}`, volumes], { cwd: folder });
  }
  const imageEnv = Object.fromEntries(config.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
  const [user = '', group = ''] = config.User.split(':');
  const script = [
    'mount --bind "$1" "$1"',
    'mount -o remount,bind,ro "$1"',
    'mount -t proc proc "$1/proc"',
    'mount --bind /dev "$1/dev"',
    'mount -t tmpfs -o size=64m tmpfs "$1/tmp"',
    ...places.map((place) => `mount --bind "$2${place}" "$1${place}"`),
    'folder="$1"; workdir="$3"; shift 3',
    `exec chroot "$folder" setpriv --reuid=${user} --regid=${group} --clear-groups --no-new-privs \\
       --bounding-set=-all --inh-caps=-all sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"`,
  ].join('\n');

  const start = (program: readonly string[]): ChildProcess =>
    spawn('unshare', ['--mount', 'sh', '-ec', script, 'sh', folder, volumes, config.WorkingDir, ...program], {
      env: { ...imageEnv, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  return {
    start,
    async run(program, code = 0) {
      const child = start(program);
      const exited = once(child, 'exit');
      const said = child.stdout === null ? '' : await text(child.stdout);
      const [actual] = (await exited) as [number | null];
      if (actual !== code) throw new Error(`${program.join(' ')} ended with ${actual} instead of ${code}: ${said}`);
      return said.trim();
    },
  };
}
