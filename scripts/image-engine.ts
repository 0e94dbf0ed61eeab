/**
 * Buildah with its storage in one folder: makes the base image, builds deploy/Dockerfile on it, and mounts the result.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dockerfile = join(root, 'deploy/Dockerfile');
const debianRelease = 'bookworm';
const imageName = 'integration-service:check';
/** npm's machine-wide settings file if Node.js is in /usr/local. */
const npmSettings = '/usr/local/etc/npmrc';
const authorities = '/run/npm-authorities.pem';

/** The image's settings for the process that it starts. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly WorkingDir: string;
  readonly StopSignal: string;
}

/** The machine lacks something; the message says what to do. */
export class ImageToolsMissing extends Error {}

/** Throws `ImageToolsMissing` if the check cannot run here. */
export function requireImageTools(): void {
  const missing = ['buildah', 'debootstrap'].filter((program) => !isInPath(program));
  if (missing.length > 0) {
    const install = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
    throw new ImageToolsMissing(`${missing.join(' and ')} must be installed (Debian, as root): ${install}`);
  }
  if (process.getuid?.() !== 0) throw new ImageToolsMissing('run it as root: it makes root folders and mounts them');
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

export interface ImageEngine {
  /**
   * Makes the Dockerfile's base image and returns its name. `debian`: a folder that keeps the bare Debian for the next
   * run.
   */
  makeBase(debian: string): string;
  build(): ImageConfig;
  /** Returns the folder of a new container of the image. */
  mount(): string;
  /** Removes the containers and images. */
  close(): void;
}

/** `folder`: for buildah's storage and the settings of the build. */
export function openImageEngine(folder: string): ImageEngine {
  const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const buildah = (...args: string[]): string =>
    execFileSync('buildah', [...store, ...args], {
      encoding: 'utf8',
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 28,
    }).trim();

  return {
    makeBase(debian) {
      if (!existsSync(join(debian, 'etc/debian_version'))) bootstrapDebian(debian);
      const container = buildah('from', 'scratch');
      const base = buildah('mount', container);
      execFileSync('cp', ['-a', `${debian}/.`, base]);
      addNode(base);
      buildah('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container);
      const name = baseImageName();
      buildah('commit', '--quiet', '--rm', container, name);
      return name;
    },
    build() {
      // `--format docker`: an OCI image has no health check.
      const options = ['--pull-never', '--format', 'docker', '--isolation', 'chroot', '--layers=false'];
      buildah('build', ...options, ...npmVolumes(folder), '--file', dockerfile, '--tag', imageName, root);
      const inspected = JSON.parse(buildah('inspect', '--type', 'image', imageName));
      return inspected.Docker.config as ImageConfig;
    },
    mount: () => buildah('mount', buildah('from', '--pull-never', imageName)),
    close() {
      buildah('rm', '--all');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The base image's name in the Dockerfile, so that the build finds it locally and asks no registry. */
function baseImageName(): string {
  const names = new Set([...readFileSync(dockerfile, 'utf8').matchAll(/^FROM (\S+)/gm)].map(([, name = '']) => name));
  const [name = '', ...others] = names;
  if (others.length > 0 || !name.startsWith('node:') || !name.includes(debianRelease)) {
    throw new Error(`FROM ${[...names].join(', ')}: this check can make only one Node.js image, on ${debianRelease}`);
  }
  return name;
}

function bootstrapDebian(folder: string): void {
  const lines = execFileSync('apt-get', ['indextargets', '--format', '$(CODENAME) $(COMPONENT) $(REPO_URI)'], {
    encoding: 'utf8',
  }).split('\n');
  const mirror = lines.find((line) => line.startsWith(`${debianRelease} main `))?.split(' ')[2];
  if (mirror === undefined) {
    throw new ImageToolsMissing(
      `apt's sources have no Debian ${debianRelease} main: add one to /etc/apt/sources.list.d`,
    );
  }
  execFileSync('debootstrap', ['--variant=minbase', debianRelease, folder, mirror], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The Node.js that package.json pins and this machine's npm, at the places of the official image. */
function addNode(base: string): void {
  copyFileSync(realpathSync(join(root, 'node_modules/node/bin/node')), join(base, 'usr/local/bin/node'));
  const npm = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim());
  cpSync(dirname(dirname(npm)), join(base, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    execFileSync('ln', ['-sf', `../lib/node_modules/npm/bin/${name}-cli.js`, join(base, 'usr/local/bin', name)]);
  }
}

/** This machine's registry and certificate authorities, visible to the build but not stored in any image. */
function npmVolumes(folder: string): string[] {
  const setting = (name: string): string | null => {
    const value = execFileSync('npm', ['config', 'get', name], { encoding: 'utf8', cwd: tmpdir() }).trim();
    return value === '' || value === 'null' || value === 'undefined' ? null : value;
  };
  const lines = [`registry=${setting('registry')}`];
  const volumes: string[] = [];
  const cafile = setting('cafile') ?? process.env.NODE_EXTRA_CA_CERTS;
  if (cafile !== undefined) {
    lines.push(`cafile=${authorities}`);
    volumes.push('--volume', `${cafile}:${authorities}:ro`);
  }
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'npmrc');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return [...volumes, '--volume', `${file}:${npmSettings}:ro`];
}
