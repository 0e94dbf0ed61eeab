/**
 * Signs in to the console. These routes lie beside the pages, not under `/api/v1`: they issue credentials for browsers
 * and are useless to other programs.
 *
 * `POST /console/session` exchanges `{tenant, token}` or `{code}` for the cookie, `GET` returns the signed-in user,
 * `DELETE` signs out. `GET /console/sessions` and `DELETE /console/sessions/{id}` let an administrator end other
 * sessions.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidInput, ServiceError } from '../../../errors.ts';
import { isUuid, parseTenantId, type TenantId } from '../../../ids.ts';
import { version } from '../../../version.ts';
import type { Routes } from '../../app.ts';
import { type Authenticator, authorize, requireScope } from '../../auth/authenticate.ts';
import {
  type ConsoleSessions,
  type OpenSession,
  refuseOtherSites,
  requireSameOrigin,
  sessionCookie,
} from '../../auth/console-sessions.ts';

export interface ConsoleSessionRoutesDeps {
  readonly sessions: ConsoleSessions;
  readonly authenticator: Authenticator;
  /** The tenant that a one-time link opens. */
  readonly defaultTenant: string;
  readonly tileUrl: string | null;
}

const bodyLimit = 16 * 1024;

export function consoleSessionRoutes(deps: ConsoleSessionRoutesDeps): Routes {
  const { sessions, tileUrl } = deps;
  const shown = (session: OpenSession | null) => ({
    signed_in: session !== null,
    version,
    tile_url: tileUrl,
    ...(session === null
      ? {}
      : {
          id: session.id,
          tenant: session.tenantId,
          name: session.principal.name,
          scopes: [...session.principal.scopes],
          is_admin: session.principal.scopes.has('admin'),
          has_every_tenant: session.principal.tenants === null,
          expires_at: session.expiresAt.toISOString(),
          csrf_token: session.csrfToken,
        }),
  });
  const openSession = async (request: FastifyRequest): Promise<OpenSession> => {
    const session = await sessions.find(request.headers);
    if (session === null)
      throw new ServiceError('UNAUTHORIZED', 'There is no session: sign in.', {
        publicMessageRu: 'Сессии нет: войдите.',
      });
    return session;
  };
  const asAdmin = async (request: FastifyRequest): Promise<OpenSession> => {
    const session = await openSession(request);
    requireScope(session.principal, 'admin');
    return session;
  };

  return (app) => {
    app.get('/console/session', { config: { quiet: true } }, async (request, reply) =>
      noStore(reply).send(shown(await sessions.find(request.headers))),
    );

    app.post('/console/session', { bodyLimit }, async (request, reply) => {
      refuseOtherSites(request.headers);
      const { secret, session } = await signIn(deps, request.body);
      return noStore(reply)
        .code(201)
        .header('set-cookie', sessionCookie(secret, request.protocol === 'https', lifeOf(session)))
        .send(shown(session));
    });

    app.delete('/console/session', async (request, reply) => {
      const session = await openSession(request);
      requireSameOrigin(request.headers, session);
      await sessions.revoke(session.tenantId as TenantId, session.id);
      return noStore(reply)
        .header('set-cookie', sessionCookie(null, request.protocol === 'https', 0))
        .send(shown(null));
    });

    app.get('/console/sessions', async (request, reply) => {
      const own = await asAdmin(request);
      const live = await sessions.list(own.tenantId as TenantId);
      return noStore(reply).send({
        sessions: live.map(({ id, name, createdAt, expiresAt }) => ({
          id,
          name,
          created_at: createdAt.toISOString(),
          expires_at: expiresAt.toISOString(),
          is_own: id === own.id,
        })),
      });
    });

    app.delete<{ Params: { id: string } }>('/console/sessions/:id', async (request, reply) => {
      const own = await asAdmin(request);
      requireSameOrigin(request.headers, own);
      const { id } = request.params;
      if (!isUuid(id) || !(await sessions.revoke(own.tenantId as TenantId, id))) {
        throw new ServiceError('NOT_FOUND', 'There is no such session, or it has ended.', {
          publicMessageRu: 'Такой сессии нет, или она закончилась.',
        });
      }
      return reply.code(204).send();
    });
  };
}

async function signIn({ sessions, authenticator, defaultTenant }: ConsoleSessionRoutesDeps, body: unknown) {
  const { tenant, token, code, ...unknown } = (body ?? {}) as Record<string, unknown>;
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined) throw invalidInput(surplus, 'is not known here');
  if (typeof code === 'string') return sessions.openByLink(parseTenantId(defaultTenant), code);
  if (typeof tenant !== 'string') throw invalidInput('tenant', 'is required', 'обязательно');
  if (typeof token !== 'string' || token === '') throw invalidInput('token', 'is required', 'обязательно');
  const credential = token.trim();
  const principal = await authenticator.identify({ authorization: `Bearer ${credential}` });
  const caller = authorize(principal, { 'x-management-company-id': tenant.trim() }, { scope: 'any' });
  return sessions.open(caller.tenantId, principal, credential);
}

function lifeOf(session: OpenSession): number {
  return session.expiresAt.getTime() - Date.now();
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
}
