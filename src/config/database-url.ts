/** Database addresses, in every notation that this system's services use. */
import { isUrlOf, type Reader } from './config-variables.ts';

/**
 * Reads a database address. SQLAlchemy's notation, `postgresql+asyncpg://…`, is accepted because the other services use
 * it.
 */
export function readDatabaseUrl(
  read: Reader,
  problems: string[],
  variable: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL',
): string | null {
  const value = read.text(variable);
  if (value === null) return null;
  const plain = value
    .replace(/^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\//i, 'postgres://')
    // A database address has no fragment: a plain # belongs to the password.
    .replaceAll('#', '%23')
    // libpq's notation for a socket, `user@/database?host=/folder`, has no host, but a URL needs one.
    .replace(/^(postgres:\/\/[^/?]*@)(?=\/)/, '$1localhost');
  if (namesSeveralHosts(plain)) {
    problems.push(`${variable} names several hosts: give one, such as the pooler or the current primary`);
    return null;
  }
  if (isUrlOf(plain, ['postgres:'])) {
    if (new URL(plain).pathname.length > 1) return withSslMode(plain);
    problems.push(`${variable} must name a database, as in postgres://user:password@host:5432/integration`);
    return null;
  }
  problems.push(`${variable} must be a URL beginning with postgres:// or postgresql:// (postgresql+asyncpg:// too)`);
  return null;
}

/** Faults of the owner's login, which must lead to the same database. */
export function faultsOfMigrationUrl(databaseUrl: string | null, migrationUrl: string | null): readonly string[] {
  if (migrationUrl === null) return [];
  if (databaseUrl === null) return ['MIGRATION_DATABASE_URL needs a valid DATABASE_URL'];
  const isSame = new URL(databaseUrl).pathname === new URL(migrationUrl).pathname;
  return isSame ? [] : ['MIGRATION_DATABASE_URL must name the database of DATABASE_URL'];
}

function namesSeveralHosts(address: string): boolean {
  const [authority = '', query = ''] = /^postgres:\/\/([^/?]*)[^?]*\??(.*)$/.exec(address)?.slice(1) ?? [];
  return authority.slice(authority.lastIndexOf('@') + 1).includes(',') || /(?:^|&)host=[^&]*(?:,|%2c)/i.test(query);
}

/**
 * Converts the TLS mode. asyncpg writes `ssl=`, libpq `sslmode=`. `prefer` and `allow` make TLS optional, like an
 * address without a mode, but our driver would require it. `require` means encryption with any certificate for both; an
 * address that works for the other services, for example with a self-signed certificate, works here too.
 */
function withSslMode(address: string): string {
  const url = new URL(address);
  const mode = url.searchParams.get('sslmode') ?? url.searchParams.get('ssl');
  if (mode === null || !sslModes.has(mode)) return address;
  url.searchParams.delete('ssl');
  url.searchParams.delete('sslmode');
  if (mode !== 'prefer' && mode !== 'allow') url.searchParams.set('sslmode', mode);
  if (mode === 'require') url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

const sslModes: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);
