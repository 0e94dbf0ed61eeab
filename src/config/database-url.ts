/** Addresses of the database, in every spelling that this system's services use. */
import { isUrlOf, type Reader } from './config-variables.ts';

/** Accepts SQLAlchemy's spelling, `postgresql+asyncpg://…`, which the other services of the system use. */
export function readDatabaseUrl(
  read: Reader,
  problems: string[],
  variable: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL',
): string | null {
  const value = read.text(variable);
  if (value === null) return null;
  const plain = value
    .replace(/^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\//i, 'postgres://')
    // A database's address has no fragment: a raw # is a password's.
    .replaceAll('#', '%23')
    // libpq's way to a socket, `user@/database?host=/folder`, has no host where a URL must have one.
    .replace(/^(postgres:\/\/[^/?]*@)(?=\/)/, '$1localhost');
  if (namesSeveralHosts(plain)) {
    problems.push(`${variable} names several hosts: give one, such as that of the pooler or of the current primary`);
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

/** The owner's login is another way into the same database. */
export function faultsOfMigrationUrl(databaseUrl: string | null, migrationUrl: string | null): readonly string[] {
  if (migrationUrl === null) return [];
  if (databaseUrl === null) return ['MIGRATION_DATABASE_URL goes with a DATABASE_URL that can be used'];
  const isSame = new URL(databaseUrl).pathname === new URL(migrationUrl).pathname;
  return isSame ? [] : ['MIGRATION_DATABASE_URL must name the database of DATABASE_URL'];
}

function namesSeveralHosts(address: string): boolean {
  const [authority = '', query = ''] = /^postgres:\/\/([^/?]*)[^?]*\??(.*)$/.exec(address)?.slice(1) ?? [];
  return authority.slice(authority.lastIndexOf('@') + 1).includes(',') || /(?:^|&)host=[^&]*(?:,|%2c)/i.test(query);
}

/**
 * asyncpg writes `ssl=` where libpq writes `sslmode=`. To prefer or allow TLS is to leave it open, as an address does that
 * says nothing; our driver would insist. To require it is to encrypt, whatever the certificate, for both of them: the
 * address that works for the other services, at a host with a certificate of its own say, works here too.
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
