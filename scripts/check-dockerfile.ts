/**
 * `npm run check:dockerfile`, as root on Linux: deploy/Dockerfile without a container engine. Its instructions are read from
 * the file and carried out in bare Debian folders (debootstrap) in place of its base image; then what it starts runs there
 * under compose's flags: the image's user, a read-only root, no capability, no new privileges. It must become ready, pass
 * the image's own health check, be unable to write where it must not, and end well when it is told to.
 *
 * Needs debootstrap, and PostgreSQL, Redis and RabbitMQ at `CHECK_DATABASE_URL` (a database of its own), `CHECK_REDIS_URL`
 * and `CHECK_RABBITMQ_URL`. `CHECK_BASE_FOLDER` keeps the bare Debian for the next run. Takes some minutes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Instruction, parseDockerfile } from './parse-dockerfile.ts';

const root = join(import.meta.dirname, '..');
const debianRelease = 'bookworm';
const port = '18006';
const readyDeadlineMs = 60_000;
const stopDeadlineMs = 20_000;

interface Stage {
  readonly folder: string;
  workdir: string;
  user: string;
  readonly env: Record<string, string>;
  command: readonly string[];
  healthCheck: readonly string[];
  volumes: readonly string[];
}

const stores = {
  DATABASE_URL: required('CHECK_DATABASE_URL'),
  REDIS_URL: required('CHECK_REDIS_URL'),
  RABBITMQ_URL: required('CHECK_RABBITMQ_URL'),
};
if (process.getuid?.() !== 0) throw new Error('run it as root: it makes root folders and mounts them');
const folder = await mkdtemp(join(tmpdir(), 'integration-service-dockerfile-'));
try {
  const base = prepareBase(process.env.CHECK_BASE_FOLDER ?? join(folder, 'base'));
  const stages = new Map<string, Stage>();
  let stage: Stage | null = null;
  for (const instruction of parseDockerfile(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8'))) {
    console.log(`${instruction.name} ${instruction.words.join(' ').slice(0, 100)}`);
    if (instruction.name === 'FROM') stage = beginStage(instruction, base, stages);
    else if (stage === null) throw new Error(`${instruction.name} before FROM`);
    else carryOut(instruction, stage, stages);
  }
  if (stage === null) throw new Error('the Dockerfile has no stage');
  await runImage(stage);
  console.log('the image’s folder is built, ready, healthy, closed to writing, and ends well');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A bare Debian with this machine's Node.js where the official image has it. */
function prepareBase(base: string): string {
  if (!existsSync(join(base, 'etc/debian_version'))) {
    execFileSync('debootstrap', ['--variant=minbase', debianRelease, base], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const npmProgram = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim());
  const npm = dirname(dirname(npmProgram));
  copyFileSync(process.execPath, join(base, 'usr/local/bin/node'));
  cpSync(npm, join(base, 'usr/local/lib/node_modules/npm'), { recursive: true });
  execFileSync('ln', ['-sf', '../lib/node_modules/npm/bin/npm-cli.js', join(base, 'usr/local/bin/npm')]);
  execFileSync('ln', ['-sf', '../lib/node_modules/npm/bin/npx-cli.js', join(base, 'usr/local/bin/npx')]);
  return base;
}

function beginStage({ words }: Instruction, base: string, stages: Map<string, Stage>): Stage {
  const [image = '', as, name = String(stages.size)] = words;
  const isExpected = image.startsWith('node:') && image.includes(debianRelease) && (as === undefined || as === 'AS');
  if (!isExpected)
    throw new Error(`FROM ${words.join(' ')}: only stages on Node.js images of ${debianRelease} are known`);
  const made = join(folder, name);
  execFileSync('cp', ['-a', base, made]);
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const stage = { folder: made, workdir: '/', user: '0:0', env, command: [], healthCheck: [], volumes: [] };
  stages.set(name, stage);
  return stage;
}

function carryOut({ name, words, options, text }: Instruction, stage: Stage, stages: Map<string, Stage>): void {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = resolve(stage.workdir, words[0] ?? '');
      mkdirSync(join(stage.folder, stage.workdir), { recursive: true });
      return;
    case 'COPY':
      copy(words, options, stage, stages);
      return;
    case 'RUN':
      runLine(text, stage);
      return;
    case 'ENV':
      for (const word of words) stage.env[word.slice(0, word.indexOf('='))] = word.slice(word.indexOf('=') + 1);
      return;
    case 'USER':
      stage.user = words[0] ?? '';
      return;
    case 'VOLUME':
      stage.volumes = JSON.parse(text);
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = JSON.parse(text.slice(text.indexOf('CMD') + 'CMD'.length));
      return;
    case 'CMD':
      stage.command = JSON.parse(text);
      return;
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return;
    default:
      throw new Error(`${name} is not known here: teach this check what it does`);
  }
}

function copy(
  words: readonly string[],
  options: Readonly<Record<string, string>>,
  stage: Stage,
  stages: Map<string, Stage>,
): void {
  const target = resolve(stage.workdir, words.at(-1) ?? '');
  const into = join(stage.folder, target);
  mkdirSync(into, { recursive: true });
  const source = options.from === undefined ? null : stages.get(options.from);
  if (source === undefined) throw new Error(`COPY --from=${options.from}: there is no such stage`);
  for (const word of words.slice(0, -1)) {
    if (source !== null) cpSync(join(source.folder, word), into, { recursive: true });
    else if (word === '.') copyContext(into);
    else copyFileSync(join(root, word), join(into, word));
  }
  if (options.chown !== undefined) execFileSync('chown', ['-R', options.chown, into]);
}

/** What an engine would be sent: the files of the working tree that Git does not ignore, as they are now. */
function copyContext(into: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const path of listed.split('\0').filter((one) => one !== '' && existsSync(join(root, one)))) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    copyFileSync(join(root, path), join(into, path));
  }
}

/** By the shell of the folder, in it, with the machine's name servers, its settings of npm and the authorities it trusts. */
function runLine(line: string, stage: Stage): void {
  const settings: Record<string, string> = {};
  for (const name of ['registry', 'cafile']) {
    const value = execFileSync('npm', ['config', 'get', name], { encoding: 'utf8', cwd: tmpdir() }).trim();
    if (value !== 'null' && value !== '') settings[`npm_config_${name}`] = value;
  }
  const { NODE_EXTRA_CA_CERTS } = process.env;
  if (NODE_EXTRA_CA_CERTS !== undefined) settings.NODE_EXTRA_CA_CERTS = NODE_EXTRA_CA_CERTS;
  const certificates = [settings.npm_config_cafile, settings.NODE_EXTRA_CA_CERTS].filter((path) => path !== undefined);
  const machineFiles = ['/etc/resolv.conf', '/etc/hosts', ...certificates];
  for (const path of machineFiles) {
    mkdirSync(join(stage.folder, dirname(path)), { recursive: true });
    copyFileSync(path, join(stage.folder, path));
  }
  const script = `mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" /bin/sh -ec "cd \\"$2\\" && $3"`;
  execFileSync('unshare', ['--mount', 'sh', '-ec', script, 'sh', stage.folder, stage.workdir, line], {
    env: { ...stage.env, ...settings, HOME: '/root' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Mounts it as compose does and starts `program` in it: read-only but for the volumes and `/tmp`, without any capability. */
function startInside(stage: Stage, program: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const volumes = stage.volumes.map((path) => `mount --bind "$1.volumes${path}" "$1${path}"`);
  for (const path of stage.volumes) {
    const kept = join(`${stage.folder}.volumes`, path);
    if (!existsSync(kept))
      execFileSync('cp', ['-a', '--parents', `.${path}`, `${stage.folder}.volumes`], { cwd: stage.folder });
  }
  const [uid = '', gid = ''] = stage.user.split(':');
  const script = [
    'mount --bind "$1" "$1"',
    'mount -o remount,bind,ro "$1"',
    'mount -t proc proc "$1/proc"',
    'mount --bind /dev "$1/dev"',
    'mount -t tmpfs -o size=64m tmpfs "$1/tmp"',
    ...volumes,
    'workdir="$2"; folder="$1"; shift 2',
    `exec chroot "$folder" setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"`,
  ].join('\n');
  return spawn('unshare', ['--mount', 'sh', '-ec', script, 'sh', stage.folder, stage.workdir, ...program], {
    env: { ...stage.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function runImage(stage: Stage): Promise<void> {
  mkdirSync(`${stage.folder}.volumes`);
  const env = {
    PORT: port,
    ...stores,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    JWT_SECRET: randomBytes(32).toString('hex'),
    EMULATOR: 'off',
    LOG_LEVEL: 'WARN',
  };
  const main = startInside(stage, stage.command, env);
  const ended = once(main, 'exit');
  try {
    await ready(main);
    await mustEnd('the health check', startInside(stage, stage.healthCheck, env), 0);
    for (const place of ['/app/main.mjs', '/app/new', '/etc/new']) {
      await mustEnd(`writing to ${place}`, startInside(stage, ['sh', '-c', `echo >> ${place}`], env), 2);
    }
    main.kill('SIGTERM');
    const [code] = (await Promise.race([ended, delay(stopDeadlineMs, ['late'], { ref: false })])) as [unknown];
    if (code !== 0) throw new Error(`it was told to end, and ended with ${code}`);
  } finally {
    main.kill('SIGKILL');
  }
}

async function ready(main: ChildProcess): Promise<void> {
  const deadlineAtMs = performance.now() + readyDeadlineMs;
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
    if (reply?.status === 200) return;
    if (main.exitCode !== null) throw new Error(`it ended with ${main.exitCode} before it was ready`);
    if (performance.now() > deadlineAtMs) throw new Error(`not ready: ${reply?.status} ${await reply?.text()}`);
    await delay(100);
  }
}

async function mustEnd(what: string, child: ChildProcess, wanted: number): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== wanted) throw new Error(`${what} ended with ${code} instead of ${wanted}`);
  console.log(`${what} ended with ${code}, as it must`);
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} must be set`);
  return value;
}
