import { systemClock } from '../clock.ts';
import { renderToken } from '../http/routes/admin/tokens.ts';
import { isUuid } from '../ids.ts';
import { listServiceTokens, revokeServiceToken, type ServiceToken } from '../storage/tables/service-tokens.ts';
import { type Command, CommandFailed, UsageError } from './command.ts';
import { withDatabase } from './open-database.ts';
import { readTenant, tenantOption } from './read-arguments.ts';
import { renderTable } from './terminal.ts';
import { noteChange } from './token-create.ts';

/** More than anyone reads; the API has pages for all of them. */
const maxListed = 1_000;

export const tokenList: Command = {
  name: 'token list',
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
        token.rate_limit_per_minute?.toString() ?? '–',
        token.expires_at?.toISOString() ?? 'never',
        token.last_used_at?.toISOString() ?? 'never',
      ]),
    );
    terminal.result(
      { tokens: tokens.map(({ token, state }) => ({ ...renderToken(token), state })) },
      tokens.length === 0 ? `The tenant ${tenantId} has no service tokens.` : text,
    );
  },
};

export const tokenRevoke: Command = {
  name: 'token revoke',
  operands: 'ID',
  summary: 'end a service token; every replica refuses it within a second',
  options: { tenant: tenantOption },
  async run({ terminal, config }, input) {
    const [id = '', ...more] = input.positionals;
    if (!isUuid(id) || more.length > 0) throw new UsageError('give the id of one token, as "token list" shows it');
    const tenantId = readTenant(input.text('tenant'), () => config().defaultTenant);
    const wasRevoked = await withDatabase(config(), (db) =>
      db.forTenant(tenantId, async (tx) => {
        if (!(await revokeServiceToken(tx, tenantId, id))) return false;
        await noteChange(tx, tenantId, { entity: 'token', entityId: id, action: 'deleted', after: null });
        return true;
      }),
    );
    if (!wasRevoked) throw new CommandFailed(`the tenant ${tenantId} has no live token ${id}`);
    terminal.result({ id, revoked: true }, `Revoked ${id}.`);
  },
};

type TokenState = 'live' | 'revoked' | 'expired';

function stateOf(token: ServiceToken, nowMs: number): TokenState {
  if (token.revoked_at !== null) return 'revoked';
  return token.expires_at !== null && token.expires_at.getTime() <= nowMs ? 'expired' : 'live';
}
