import { systemClock } from '../clock.ts';
import { isUuid, newId } from '../ids.ts';
import { insertConfigurationChange } from '../storage/tables/audit/configuration-audit.ts';
import { listServiceTokens, revokeServiceToken, type ServiceToken } from '../storage/tables/service-tokens.ts';
import { type Command, CommandFailed, exitCodes, UsageError } from './command.ts';
import { withDatabase } from './open-database.ts';
import { readTenant } from './read-arguments.ts';
import { renderTable } from './terminal.ts';
import { userName } from './token-create.ts';

const tenantOption = { type: 'string', hint: 'ID', help: 'the tenant (default MANAGEMENT_COMPANY_ID)' } as const;
/** More than anyone reads; the API has pages for all of them. */
const maxListed = 1_000;

export const tokenList: Command = {
  name: 'token list',
  operands: '',
  summary: 'a tenant’s service tokens of the database, newest first',
  notes: ['Those of SERVICE_TOKENS are not among them: they live in the environment.'],
  options: { tenant: tenantOption, all: { type: 'boolean', help: 'revoked and expired ones too' } },
  async run({ terminal, config }, input) {
    const tenantId = readTenant(input.text('tenant'), () => config().defaultTenant);
    const listed = await withDatabase(config(), (db) =>
      db.forTenant(tenantId, (tx) => listServiceTokens(tx, tenantId, { cursor: null, limit: maxListed })),
    );
    const nowMs = systemClock.now();
    const tokens = listed
      .map((token) => ({ token, state: stateOf(token, nowMs) }))
      .filter(({ state }) => input.flag('all') || state === 'live');
    const text = renderTable(
      ['ID', 'NAME', 'STATE', 'SCOPES', 'TENANTS', 'SERVICES', 'A MINUTE', 'EXPIRES', 'LAST USED'],
      tokens.map(({ token, state }) => [
        token.id,
        token.name,
        state,
        token.scopes.join(','),
        token.tenants.join(','),
        token.services?.join(',') ?? 'all',
        token.rateLimitPerMinute?.toString() ?? '–',
        token.expiresAt?.toISOString() ?? 'never',
        token.lastUsedAt?.toISOString() ?? 'never',
      ]),
    );
    terminal.result(
      { tokens: tokens.map(({ token, state }) => describe(token, state)) },
      tokens.length === 0 ? `The tenant ${tenantId} has no service tokens.` : text,
    );
    return exitCodes.done;
  },
};

export const tokenRevoke: Command = {
  name: 'token revoke',
  operands: 'ID',
  summary: 'end a service token; every replica refuses it within a second',
  notes: [],
  options: { tenant: tenantOption },
  async run({ terminal, config }, input) {
    const [id = '', ...more] = input.positionals;
    if (!isUuid(id) || more.length > 0) throw new UsageError('give the id of one token, as "token list" shows it');
    const tenantId = readTenant(input.text('tenant'), () => config().defaultTenant);
    const wasRevoked = await withDatabase(config(), (db) =>
      db.forTenant(tenantId, async (tx) => {
        if (!(await revokeServiceToken(tx, tenantId, id))) return false;
        const nowMs = systemClock.now();
        await insertConfigurationChange(tx, tenantId, {
          id: newId(nowMs),
          entity: 'token',
          entityId: id,
          action: 'deleted',
          changedBy: userName(),
          requestId: null,
          before: null,
          after: null,
          changedSecrets: [],
          changedAtMs: nowMs,
        });
        return true;
      }),
    );
    if (!wasRevoked) throw new CommandFailed(`the tenant ${tenantId} has no live token ${id}`);
    terminal.result({ id, revoked: true }, `Revoked ${id}.`);
    return exitCodes.done;
  },
};

type TokenState = 'live' | 'revoked' | 'expired';

function stateOf(token: ServiceToken, nowMs: number): TokenState {
  if (token.revokedAt !== null) return 'revoked';
  return token.expiresAt !== null && token.expiresAt.getTime() <= nowMs ? 'expired' : 'live';
}

function describe(token: ServiceToken, state: TokenState): unknown {
  return {
    id: token.id,
    name: token.name,
    state,
    scopes: token.scopes,
    tenants: token.tenants,
    services: token.services,
    rate_limit_per_minute: token.rateLimitPerMinute,
    created_by: token.createdBy,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    revoked_at: token.revokedAt?.toISOString() ?? null,
  };
}
