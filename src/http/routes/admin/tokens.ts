/** Service tokens, the credentials of internal services. A token's text is shown once, and only its hash is stored. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type Type from 'typebox';
import { pageOf } from '../../../encodings/page-cursor.ts';
import { type InputFault, invalidInput, ServiceError, words } from '../../../errors.ts';
import { isUuid, newId } from '../../../ids.ts';
import { hashToken } from '../../../secrets/token-hash.ts';
import type { Queryable } from '../../../storage/postgres/database.ts';
import { insertConfigurationChange } from '../../../storage/tables/audit/configuration-audit.ts';
import {
  insertServiceToken,
  listServiceTokens,
  lockServiceToken,
  revokeServiceToken,
  type ServiceToken,
  type TokenGrant,
  updateServiceToken,
} from '../../../storage/tables/service-tokens.ts';
import { endpointsOf } from '../../endpoints.ts';
import { answerShownOnce } from '../../reply/answer.ts';
import { checkIfMatch, etagOf } from '../../request/if-match.ts';
import { parseTime } from '../../request/query-values.ts';
import { type Caller, callerOf, contextOf, type Principal } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';
import {
  changeBody,
  createBody,
  createdSchema,
  listQuery,
  listSchema,
  paramsSchema,
  tokenSchema,
} from './tokens-schemas.ts';

/**
 * `GET|POST /tokens` and `GET|PATCH|DELETE /tokens/{id}`. A change, and the expiry of a token, takes effect within a
 * second on every replica.
 */
export function tokenRoutes(app: FastifyInstance, deps: Pick<AdminRoutesDeps, 'db' | 'idempotency' | 'clock'>): void {
  const endpoints = endpointsOf(app, 'tokens', { scope: 'admin' });
  endpoints.get(
    '/tokens',
    'The tenant’s service tokens, newest first',
    { answer: listSchema, querystring: listQuery },
    async (request) => {
      const { tenantId } = callerOf(request);
      const { cursor = null, limit = 100 } = request.query;
      if (cursor !== null && !isUuid(cursor))
        throw invalidInput('cursor', 'is not one of this list', 'не от этого списка');
      const page = { cursor, limit: limit + 1, within: tenantsOf(callerOf(request)) };
      const tokens = await deps.db.forTenant(tenantId, (tx) => listServiceTokens(tx, tenantId, page));
      const { shown, nextCursor } = pageOf(tokens, limit, ({ id }) => id);
      return { tokens: shown.map(renderToken), next_cursor: nextCursor };
    },
  );

  endpoints.post(
    '/tokens',
    'A new token, shown once',
    { answers: { 201: createdSchema }, body: createBody },
    deps.idempotency.wrap(async (request) => {
      const caller = callerOf(request);
      const asked = request.body as Type.Static<typeof createBody>;
      const nowMs = deps.clock.now();
      const grant = grantOf(caller, asked, { ...ungranted, tenants: [caller.tenantId] }, nowMs);
      const made = await deps.db.forTenant(caller.tenantId, (tx) => makeToken(tx, request, grant, nowMs));
      return answerShownOnce(201, made.shown, ['token'], { etag: stateOf(made.row) });
    }),
  );

  endpoints.get(
    '/tokens/:id',
    'One token that is not revoked',
    { answer: tokenSchema, headers: ['etag'], params: paramsSchema },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const token = await deps.db.forTenant(tenantId, (tx) => lockOwn(tx, request));
      return reply.header('etag', stateOf(token)).send(renderToken(token));
    },
  );

  endpoints.patch(
    '/tokens/:id',
    'Change what is named; null lifts a bound',
    { answer: tokenSchema, headers: ['etag', 'match'], params: paramsSchema, body: changeBody },
    async (request, reply) => {
      const caller = callerOf(request);
      const nowMs = deps.clock.now();
      const changed = await deps.db.forTenant(caller.tenantId, async (tx) => {
        const before = await lockOwn(tx, request);
        checkIfMatch(request, stateOf(before));
        const grant = grantOf(caller, request.body, before, nowMs);
        const after = await updateServiceToken(tx, caller.tenantId, before.id, grant);
        await noteChange(tx, request, nowMs, before, after);
        return after;
      });
      return reply.header('etag', stateOf(changed)).send(renderToken(changed));
    },
  );

  endpoints.delete(
    '/tokens/:id',
    'Revoke a token',
    { answers: { 204: null }, headers: ['match'], params: paramsSchema },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      await deps.db.forTenant(tenantId, async (tx) => {
        const token = await lockOwn(tx, request);
        checkIfMatch(request, stateOf(token));
        await revokeServiceToken(tx, tenantId, token.id);
        await noteChange(tx, request, deps.clock.now(), token, null);
      });
      return reply.code(204).send();
    },
  );
}

/** The token of the path. Throws `NOT_FOUND` if it is revoked, or covers more tenants than the caller. */
export async function lockOwn(tx: Queryable, request: FastifyRequest): Promise<ServiceToken> {
  const caller = callerOf(request);
  const { id } = request.params as Type.Static<typeof paramsSchema>;
  const token = isUuid(id) ? await lockServiceToken(tx, caller.tenantId, id, tenantsOf(caller)) : null;
  if (token === null)
    throw new ServiceError('NOT_FOUND', 'There is no such token, or it was revoked before.', {
      publicMessageRu: 'Такого токена нет, или он уже отозван.',
    });
  return token;
}

/** What a change can alter, without the token's use. */
export function stateOf(token: ServiceToken): string {
  const { last_used_at: _used, ...state } = renderToken(token);
  return etagOf(state);
}

/** Creates a token and its audit entry. `shown` holds the text of the token; it cannot be read again later. */
export async function makeToken(tx: Queryable, request: FastifyRequest, grant: TokenGrant, nowMs: number) {
  const { tenantId, principal } = callerOf(request);
  const token = `is_${randomBytes(32).toString('base64url')}`;
  const row = await insertServiceToken(tx, tenantId, {
    id: newId(nowMs),
    token_sha256: hashToken(token),
    created_by: principal.name.slice(0, 200),
    ...grant,
  });
  await noteChange(tx, request, nowMs, null, row);
  return { row, shown: { ...renderToken(row), token } };
}

/** The audit entry of a change. null: it was not there before, or is not any more; one of them is given. */
export async function noteChange(
  tx: Queryable,
  request: FastifyRequest,
  nowMs: number,
  before: ServiceToken | null,
  after: ServiceToken | null,
): Promise<void> {
  await insertConfigurationChange(tx, callerOf(request).tenantId, {
    entity: 'token',
    entityId: ((before ?? after) as ServiceToken).id,
    ...contextOf(request),
    changedAtMs: nowMs,
    before: before === null ? null : renderToken(before),
    after: after === null ? null : renderToken(after),
    changedSecrets: before === null ? ['token'] : [],
  });
}

/** The tenants of the tokens that the caller may see: a token that covers more is hidden. null: any. */
function tenantsOf({ principal }: Caller): readonly string[] | null {
  return principal.tenants === null ? null : [...principal.tenants];
}

const ungranted = { name: '', scopes: [], tenants: [], services: null, rate_limit_per_minute: null, expires_at: null };

/**
 * The requested grant over the existing one. Throws `FORBIDDEN` naming each scope and tenant that the caller does not
 * have: a token never gets more rights than its creator.
 */
export function grantOf(
  { principal }: Caller,
  asked: Type.Static<typeof changeBody>,
  before: TokenGrant,
  nowMs: number,
): TokenGrant {
  const { scopes: ofScopes = before.scopes, tenants = before.tenants } = asked;
  const faults: InputFault[] = [
    ...ofScopes.flatMap((scope, index) =>
      mayGrantScope(principal, scope)
        ? []
        : [{ path: `scopes[${index}]`, ...words('is not one of your own scopes', 'у вас самих этого права нет') }],
    ),
    ...tenants.flatMap((tenant, index) =>
      mayGrantTenant(principal, tenant)
        ? []
        : [{ path: `tenants[${index}]`, ...words('is not one of your own tenants', 'это не ваш арендатор') }],
    ),
  ];
  if (faults.length > 0) {
    throw new ServiceError('FORBIDDEN', 'A token cannot have more rights than its creator.', {
      errors: faults,
      publicMessageRu: 'У токена не может быть больше прав, чем у того, кто его создаёт.',
    });
  }
  const { name = before.name, services = before.services } = asked;
  const { rate_limit_per_minute = before.rate_limit_per_minute } = asked;
  return {
    name: name.trim(),
    scopes: [...new Set(ofScopes)],
    tenants: [...new Set(tenants)],
    services: services === null ? null : [...new Set(services.map((service) => service.trim()))],
    rate_limit_per_minute,
    expires_at: asked.expires_at === undefined ? before.expires_at : readExpiry(asked.expires_at, nowMs),
  };
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
  if (atMs <= nowMs) throw invalidInput('expires_at', 'must lie in the future', 'время должно быть в будущем');
  return new Date(atMs);
}

export function renderToken(token: ServiceToken) {
  return {
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    tenants: token.tenants,
    services: token.services,
    rate_limit_per_minute: token.rate_limit_per_minute,
    created_by: token.created_by,
    expires_at: token.expires_at?.toISOString() ?? null,
    last_used_at: token.last_used_at?.toISOString() ?? null,
    revoked_at: token.revoked_at?.toISOString() ?? null,
    created_at: token.created_at.toISOString(),
  };
}
