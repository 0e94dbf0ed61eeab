/**
 * Creates credentials: an admin token signed with the service's secret, or a service token stored (as its hash) in the
 * database.
 */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { SignJWT } from 'jose';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { scopes } from '../http/request/request-context.ts';
import { newId, type TenantId } from '../ids.ts';
import { loadOrCreateJwtSecret } from '../secrets/development-keys.ts';
import { hashToken } from '../secrets/token-hash.ts';
import type { Queryable } from '../storage/postgres/database.ts';
import { type ConfigurationChange, insertConfigurationChange } from '../storage/tables/audit/configuration-audit.ts';
import { insertServiceToken } from '../storage/tables/service-tokens.ts';
import { type Command, CommandFailed, type CommandInput, UsageError } from './command.ts';
import { withDatabase } from './open-database.ts';
import { parseLifetime, parseList, parseWhole, readTenant } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';

const defaultAdminSeconds = 86_400;
/** The scopes of tokens in `SERVICE_TOKENS`. */
const defaultScopes = scopes.filter((scope) => scope !== 'admin');
const tokenBytes = 32;

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'make a service token, or with --admin an administrator’s JWT; stdout holds the token alone',
  notes: [
    'A service token is kept as its hash: it is shown this once.',
    '--admin needs no database and no running service: it signs with JWT_SECRET (in development the generated one).',
  ],
  options: {
    admin: { type: 'boolean', help: 'an administrator’s token (JWT)' },
    name: { type: 'string', hint: 'NAME', help: 'who will use it; needed for a service token' },
    tenant: { type: 'string', hint: 'ID', help: 'the tenant it is made in (default MANAGEMENT_COMPANY_ID)' },
    tenants: {
      type: 'string',
      hint: 'A,B',
      help: 'tenants it works for, or * (default: that of --tenant; --admin without it: *)',
    },
    scopes: { type: 'string', hint: 'A,B', help: `of ${scopes.join(', ')} (default: all but admin)` },
    services: { type: 'string', hint: 'A,B', help: 'the only services it may use, by name (default: all)' },
    'rate-limit': {
      type: 'string',
      hint: 'N',
      help: 'requests a minute that it may make (default: no limit of its own)',
    },
    expires: {
      type: 'string',
      hint: '90d',
      help: `30m, 12h, 90d (default: never; --admin: 24h, and at most JWT_MAX_LIFETIME_SECONDS)`,
    },
  },
  async run({ terminal, config }, input) {
    if (input.flag('admin')) await createAdminToken(terminal, config(), input);
    else await createServiceToken(terminal, config(), input);
  },
};

async function createAdminToken(terminal: Terminal, config: Config, input: CommandInput): Promise<void> {
  if (input.text('scopes') !== null) throw new UsageError('--admin has the scope "admin", which implies the others');
  for (const name of ['services', 'rate-limit']) {
    if (input.text(name) !== null) throw new UsageError(`--${name} is for service tokens, not for --admin`);
  }
  const tenants = tenantsOf(input.text('tenants') ?? input.text('tenant') ?? '*');
  const expiresAt = new Date(systemClock.now() + adminLifetimeMs(config, input.text('expires')));
  const name = input.text('name') ?? userName();
  const token = await signAdminToken(config, { name, tenants, expiresAt });
  terminal.note(
    `An administrator’s token for ${tenants.includes('*') ? 'every tenant' : tenants.join(', ')}, until ${expiresAt.toISOString()}:`,
  );
  terminal.result({ token, name, tenants, scopes: ['admin'], expires_at: expiresAt.toISOString() }, token);
}

/** Throws `UsageError` for a life that the service would refuse with every request. */
function adminLifetimeMs({ jwt: { maxLifetimeSeconds } }: Config, expires: string | null): number {
  if (expires === null) return Math.min(defaultAdminSeconds, maxLifetimeSeconds) * 1000;
  const lifetimeMs = parseLifetime(expires);
  if (lifetimeMs <= maxLifetimeSeconds * 1000) return lifetimeMs;
  throw new UsageError(
    `the service refuses administrators' tokens that live longer than ${maxLifetimeSeconds} s (JWT_MAX_LIFETIME_SECONDS)`,
  );
}

export interface AdminTokenClaims {
  readonly name: string;
  /** With `*` among them: every tenant. */
  readonly tenants: readonly string[];
  readonly expiresAt: Date;
}

/** Throws `CommandFailed` if another program's key verifies tokens: only its issuer can sign. */
export function signAdminToken(config: Config, { name, tenants, expiresAt }: AdminTokenClaims): Promise<string> {
  const { verification, issuer, audience } = config.jwt;
  if (verification.kind === 'public-key' || verification.kind === 'jwks') {
    throw new CommandFailed(
      `Admin tokens are signed by your issuer here (${verification.kind === 'jwks' ? 'JWT_JWKS_URL' : 'JWT_PUBLIC_KEY'} is set): ask it for one with the claims sub, exp, tenants (array or "*") and scope "admin".`,
    );
  }
  const secret = verification.kind === 'secret' ? verification.secret : loadOrCreateJwtSecret(config.dataDir);
  const jwt = new SignJWT({ sub: name, tenants: tenants.includes('*') ? '*' : tenants, scope: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expiresAt);
  if (issuer !== null) jwt.setIssuer(issuer);
  if (audience !== null) jwt.setAudience(audience);
  return jwt.sign(new TextEncoder().encode(secret));
}

async function createServiceToken(terminal: Terminal, config: Config, input: CommandInput): Promise<void> {
  const name = input.text('name')?.trim() ?? '';
  if (name === '' || name.length > 200) throw new UsageError('--name must be given: 1 to 200 characters');
  const tenantId = readTenant(input.text('tenant'), () => config.defaultTenant);
  const tenants = tenantsOf(input.text('tenants') ?? tenantId);
  const asked = scopesOf(input.text('scopes'));
  const nowMs = systemClock.now();
  const lifetime = input.text('expires');
  const expiresAt = lifetime === null ? null : new Date(nowMs + parseLifetime(lifetime));
  const token = `is_${randomBytes(tokenBytes).toString('base64url')}`;
  const id = newId(nowMs);
  const services = servicesOf(input.text('services'));
  const limit = input.text('rate-limit');
  const rate_limit_per_minute = limit === null ? null : parseWhole('rate-limit', limit, 0, 1, 1_000_000);
  const grant = { name, scopes: asked, tenants, services, rate_limit_per_minute, expires_at: expiresAt };
  const granted = { ...grant, expires_at: expiresAt?.toISOString() ?? null };

  await withDatabase(config, (db) =>
    db.forTenant(tenantId, async (tx) => {
      await insertServiceToken(tx, tenantId, { id, token_sha256: hashToken(token), created_by: userName(), ...grant });
      await noteChange(tx, tenantId, { entity: 'token', entityId: id, after: granted, changedSecrets: ['token'] });
    }),
  );
  terminal.note(`The service token "${name}" (${id}); it is shown this once:`);
  terminal.result({ id, token, ...granted }, token);
}

function servicesOf(text: string | null): readonly string[] | null {
  if (text === null) return null;
  const named = [...new Set(parseList(text))];
  if (named.length === 0) throw new UsageError('--services names no service');
  return named;
}

function scopesOf(text: string | null): readonly string[] {
  if (text === null) return defaultScopes;
  const asked = [...new Set(parseList(text))];
  const unknown = asked.filter((scope) => !(scopes as readonly string[]).includes(scope));
  if (asked.length === 0 || unknown.length > 0) throw new UsageError(`--scopes must be of ${scopes.join(', ')}`);
  return asked;
}

function tenantsOf(text: string): readonly string[] {
  const asked = [...new Set(parseList(text))];
  if (asked.length === 0) throw new UsageError('--tenants must name tenants, or *');
  return asked.map((tenant) => (tenant === '*' ? tenant : readTenant(tenant, () => '')));
}

/** The audit entry of a change that this program makes. */
export function noteChange(
  tx: Queryable,
  tenantId: TenantId,
  change: Pick<ConfigurationChange, 'entity' | 'entityId' | 'action' | 'after' | 'changedSecrets'>,
): Promise<void> {
  const made = { changedAtMs: systemClock.now(), changedBy: userName(), requestId: null };
  return insertConfigurationChange(tx, tenantId, { ...made, ...change, before: null });
}

/** Stored as `created_by`. */
export function userName(): string {
  try {
    return `cli: ${userInfo().username}`;
  } catch {
    return 'cli'; // A user without a name, as in a container.
  }
}
