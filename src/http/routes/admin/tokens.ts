/** Service tokens: what internal services present to us. A token's text is shown once, and only its hash is kept. */
import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Clock } from '../../../clock.ts';
import { type InputFault, invalidInput, ServiceError } from '../../../errors.ts';
import { isUuid, newId, type TenantId } from '../../../ids.ts';
import { hashToken } from '../../../secrets/token-hash.ts';
import type { Database } from '../../../storage/postgres/database.ts';
import { insertConfigurationChange } from '../../../storage/tables/configuration-audit.ts';
import {
  insertServiceToken,
  listServiceTokens,
  revokeServiceToken,
  type ServiceToken,
} from '../../../storage/tables/service-tokens.ts';
import type { Routes } from '../../app.ts';
import { answerShownOnce } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { cursorSchema, limitSchema, parseTime, timeSchema } from '../../request/query-values.ts';
import { type Caller, callerOf, type Principal, scopes } from '../../request/request-context.ts';

export interface TokenRoutesDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
}

const maxTenants = 200;
const nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()]);
const text = Type.String();
const time = Type.String({ format: 'date-time' });

const createBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }),
    scopes: Type.Array(Type.Union(scopes.map((scope) => Type.Literal(scope))), {
      minItems: 1,
      maxItems: scopes.length,
    }),
    tenants: Type.Optional(
      Type.Array(Type.String({ pattern: '^([A-Za-z0-9_-]{1,50}|\\*)$' }), {
        minItems: 1,
        maxItems: maxTenants,
        description: 'At most the caller’s own. Default: the tenant of this request. `*`: every tenant.',
      }),
    ),
    expires_at: Type.Optional(nullable(timeSchema('Default: never.'))),
  },
  { title: 'NewServiceToken', additionalProperties: false, examples: [{ name: 'billing', scopes: ['geocoding'] }] },
);
const tokenMembers = {
  id: Type.String({ format: 'uuid' }),
  name: text,
  scopes: Type.Array(text),
  tenants: Type.Array(text),
  created_by: nullable(text),
  expires_at: nullable(time),
  last_used_at: nullable(time),
  revoked_at: nullable(time),
  created_at: time,
};
const tokenSchema = Type.Object(tokenMembers, { title: 'ServiceToken' });
const createdSchema = Type.Object({ ...tokenMembers, token: Type.String({ description: 'Shown this once.' }) });
const listSchema = Type.Object({ tokens: Type.Array(tokenSchema), next_cursor: nullable(text) });
const listQuery = Type.Object({
  cursor: Type.Optional(cursorSchema),
  limit: Type.Optional(limitSchema(1_000, 100)),
});
const paramsSchema = Type.Object({ id: Type.String() });

const config = { access: { scope: 'admin' } } as const;

/** `GET|POST /tokens` and `DELETE /tokens/{id}`. A revoked token is refused within a second, on every replica. */
export function tokenRoutes(deps: TokenRoutesDeps): Routes {
  return (app) => {
    app.get<{ Querystring: Type.Static<typeof listQuery> }>(
      '/tokens',
      {
        config: { ...config, answers: { 200: listSchema } },
        schema: { tags: ['tokens'], summary: 'The tenant’s service tokens, newest first', querystring: listQuery },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { cursor = null, limit = 100 } = request.query;
        if (cursor !== null && !isUuid(cursor)) throw invalidInput('cursor', 'is not one of this list');
        const page = { cursor, limit: limit + 1, within: tenantsOf(callerOf(request)) };
        const tokens = await deps.db.forTenant(tenantId, (tx) => listServiceTokens(tx, tenantId, page));
        const shown = tokens.slice(0, limit);
        return {
          tokens: shown.map(renderToken),
          next_cursor: tokens.length > limit ? (shown.at(-1)?.id ?? null) : null,
        };
      },
    );

    app.post(
      '/tokens',
      {
        config: { ...config, answers: { 201: createdSchema } },
        schema: { tags: ['tokens'], summary: 'A new token, shown once', body: createBody },
      },
      deps.idempotency.wrap(async (request) => {
        const caller = callerOf(request);
        const asked = request.body as Type.Static<typeof createBody>;
        const token = `is_${randomBytes(32).toString('base64url')}`;
        const nowMs = deps.clock.now();
        const values = {
          id: newId(nowMs),
          name: asked.name.trim(),
          tokenSha256: hashToken(token),
          ...grantOf(caller, asked),
          createdBy: caller.principal.name.slice(0, 200),
          expiresAt: readExpiry(asked.expires_at, nowMs),
        };
        const created = await deps.db.forTenant(caller.tenantId, async (tx) => {
          const row = await insertServiceToken(tx, caller.tenantId, values);
          await insertConfigurationChange(tx, caller.tenantId, {
            ...changeOf(request, row.id, nowMs),
            action: 'created',
            before: null,
            after: renderToken(row),
            changedSecrets: ['token'],
          });
          return row;
        });
        return answerShownOnce(201, { ...renderToken(created), token }, ['token']);
      }),
    );

    app.delete<{ Params: Type.Static<typeof paramsSchema> }>(
      '/tokens/:id',
      {
        config: { ...config, answers: { 204: null } },
        schema: { tags: ['tokens'], summary: 'Revoke a token', params: paramsSchema },
      },
      async (request, reply) => {
        const { tenantId } = callerOf(request);
        const { id } = request.params;
        const revoked =
          isUuid(id) &&
          (await deps.db.forTenant(tenantId, async (tx) => {
            if (!(await revokeServiceToken(tx, tenantId, id, tenantsOf(callerOf(request))))) return false;
            await insertConfigurationChange(tx, tenantId, {
              ...changeOf(request, id, deps.clock.now()),
              action: 'deleted',
              before: null,
              after: null,
              changedSecrets: [],
            });
            return true;
          }));
        if (!revoked) throw new ServiceError('NOT_FOUND', 'There is no such token, or it was revoked before.');
        return reply.code(204).send();
      },
    );
  };
}

function changeOf(request: FastifyRequest, id: string, nowMs: number) {
  return {
    id: newId(nowMs),
    entity: 'token',
    entityId: id,
    changedBy: callerOf(request).principal.name.slice(0, 200),
    requestId: request.id,
    changedAtMs: nowMs,
  };
}

/** Of which tenants a token may be, to be shown to the caller: a wider one is not theirs. null: of any. */
function tenantsOf({ principal }: Caller): readonly string[] | null {
  return principal.tenants === null ? null : [...principal.tenants];
}

/** Nobody gives away more than they have. Throws `FORBIDDEN` naming each scope and tenant that is not theirs. */
function grantOf(
  { tenantId, principal }: Caller,
  asked: Type.Static<typeof createBody>,
): { readonly scopes: readonly string[]; readonly tenants: readonly string[] } {
  const tenants = asked.tenants ?? [tenantId as TenantId];
  const faults: InputFault[] = [
    ...asked.scopes.flatMap((scope, index) =>
      mayGrantScope(principal, scope) ? [] : [{ path: `scopes[${index}]`, message: 'is not one of your own scopes' }],
    ),
    ...tenants.flatMap((tenant, index) =>
      mayGrantTenant(principal, tenant)
        ? []
        : [{ path: `tenants[${index}]`, message: 'is not one of your own tenants' }],
    ),
  ];
  if (faults.length > 0) {
    throw new ServiceError('FORBIDDEN', 'A token gets no more than its maker has.', { errors: faults });
  }
  return { scopes: [...new Set(asked.scopes)], tenants: [...new Set(tenants)] };
}

function mayGrantScope({ scopes: own }: Principal, scope: string): boolean {
  return own.has('admin') || own.has(scope);
}

function mayGrantTenant({ tenants: own }: Principal, tenant: string): boolean {
  return own === null || own.has(tenant);
}

function readExpiry(given: unknown, nowMs: number): Date | null {
  if (typeof given !== 'string') return null;
  const atMs = parseTime('expires_at', given);
  if (atMs <= nowMs) throw invalidInput('expires_at', 'must lie in the future');
  return new Date(atMs);
}

function renderToken(token: ServiceToken) {
  return {
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    tenants: token.tenants,
    created_by: token.createdBy,
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    revoked_at: token.revokedAt?.toISOString() ?? null,
    created_at: token.createdAt.toISOString(),
  };
}
