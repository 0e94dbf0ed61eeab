/**
 * Adds to package-lock.json the optional packages of other platforms that `npm install` left out.
 *
 *   node scripts/complete-lockfile.ts
 *
 * npm drops an optional package from the lock file if the current registry does not have it, and `npm ci` then refuses
 * the lock file as incomplete. Run this after a change of dependencies. Each entry gets npm's integrity hash of its
 * version, so that every machine installs the same bytes; it fails if there is no hash.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  packages: Record<string, object>;
}

const operatingSystems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];

/** `@swc/core-linux-arm64-musl` names its system, processor and C library; throws if a name does not. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const parts = name.split('/').at(-1)?.split('-') ?? [];
  const os = operatingSystems.find((system) => parts.includes(system));
  const cpu = os === undefined ? undefined : parts[parts.indexOf(os) + 1];
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say which platform it is for`);
  const libc = os !== 'linux' ? null : name.includes('musl') ? 'musl' : name.includes('gnu') ? 'glibc' : null;
  return { os: [os], cpu: [cpu], ...(libc === null ? {} : { libc: [libc] }) };
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
let added = 0;
for (const [place, locked] of Object.entries(lock.packages) as [string, LockedPackage][]) {
  for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (key in lock.packages || `${place}/${key}` in lock.packages) continue;
    lock.packages[key] = { version, ...(locked.dev ? { dev: true } : {}), optional: true, ...platformOf(name) };
    added += 1;
  }
}
/** A link to a folder of this project has no hash: its files are in the repository. */
const isOwn = (place: string, { link }: LockedPackage): boolean => link === true || !place.startsWith('node_modules/');
let hashed = 0;
for (const [place, locked] of Object.entries(lock.packages) as [string, LockedPackage][]) {
  if (isOwn(place, locked) || locked.integrity !== undefined) continue;
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const integrity = execFileSync('npm', ['view', `${name}@${locked.version}`, 'dist.integrity'], {
    encoding: 'utf8',
  }).trim();
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) throw new Error(`${name}@${locked.version} has no integrity`);
  const { version, ...rest } = locked;
  lock.packages[place] = { version, integrity, ...rest };
  hashed += 1;
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages and ${hashed} hashes added to package-lock.json`);
