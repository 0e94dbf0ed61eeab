/** The context of a request: its principal, its tenant and its ids. */
import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { RequestFailure } from '../../logger.ts';
import type { ChangeContext } from '../../storage/tables/audit/configuration-audit.ts';

export const scopes = [
  'geocoding',
  'sheets:read',
  'sheets:write',
  'proxy',
  'logs:read',
  'webhooks:read',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/** The authenticated credential. The scope `admin` implies all others. */
export interface Principal {
  readonly kind: 'service-token' | 'admin-token';
  /** Distinguishes principals with the same name: the token's id, the variable's name for it, or issuer and `sub`. */
  readonly id: string;
  /** The token's name or the JWT's `sub`; stored as `created_by`. */
  readonly name: string;
  /** null: every tenant. */
  readonly tenants: ReadonlySet<string> | null;
  readonly scopes: ReadonlySet<string>;
  /** Names of the services that it may use, whatever its scopes; null: all. */
  readonly services: ReadonlySet<string> | null;
  /** Its own limit of requests per minute; null: none. */
  readonly requestsPerMinute: number | null;
}

export interface Caller {
  readonly tenantId: TenantId;
  readonly principal: Principal;
}

/** Who may use a route. `any`: every credential of the tenant. */
export interface RouteAccess {
  readonly scope: Scope | 'any';
  /**
   * What a token bound to services may do here. `judged`: the route itself shows and changes only those services.
   * Default: such a token is refused, since the route covers all services of a tenant.
   */
  readonly boundTokens?: 'judged';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication hook; read through `callerOf`. */
    caller: Caller | null;
    /** The span of this service in the caller's trace; read through `traceparentOf`. */
    ownTraceparent: string | null;
    /** Why the request got a problem document, for its log line. */
    failure: RequestFailure | null;
  }
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** For the API description only: answers are sent as stored bytes, without a response schema. */
    answers?: Readonly<Record<string, unknown>>;
    /** For streamed answers, which log themselves when they end. */
    quiet?: boolean;
  }
}

/** The authenticated caller; available only behind the authentication hook. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} is not behind the authentication hook`);
  return request.caller;
}

/** Who makes a change, and with which request. */
export function contextOf(request: FastifyRequest): ChangeContext {
  return { changedBy: callerOf(request).principal.name.slice(0, 200), requestId: request.id };
}

/** Throws `FORBIDDEN` if the credential is bound to other services, whether or not this service exists. */
export function requireService(request: FastifyRequest, serviceName: string): void {
  if (mayUse(request, serviceName)) return;
  throw new ServiceError('FORBIDDEN', `The credential may not use the service "${serviceName}".`, {
    publicMessageRu: `Токен не может использовать сервис «${serviceName}».`,
  });
}

/** Whether the caller's credential may use this service: it is bound to none, or also to this one. */
export function mayUse(request: FastifyRequest, serviceName: string): boolean {
  return callerOf(request).principal.services?.has(serviceName) ?? true;
}

/** The principal's name of a console session opened with the link that the start prints. */
export const startLinkName = 'start link';

/** The principal as the audit log stores it: `token:NAME`, `jwt:SUB`, or `console:start link`. */
export function principalTextOf(request: FastifyRequest): string {
  const { kind, name } = callerOf(request).principal;
  if (kind === 'service-token') return `token:${name}`;
  return name === startLinkName ? `console:${name}` : `jwt:${name}`;
}

const requestIdPattern = /^[A-Za-z0-9._:+/=@~-]{1,128}$/;

/** The caller's `X-Request-Id` if it is valid and fits its column, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && requestIdPattern.test(header) ? header : newId();
}

/** The calling service's own name; null if it is missing or contains characters that do not belong in a log. */
export function sourceServiceOf(request: FastifyRequest): string | null {
  const header = request.headers['x-service-name'];
  return typeof header === 'string' && /^[\x20-\x7e]{1,100}$/.test(header) ? header.trim() || null : null;
}

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The `traceparent` to send onwards: the caller's trace with a new parent id (W3C Trace Context, section 3.2). null if
 * the caller sent none or an invalid one: this service does not start traces.
 */
export function traceparentOf(request: FastifyRequest): string | null {
  request.ownTraceparent ??= childTraceparent(request.headers.traceparent);
  return request.ownTraceparent;
}

export function childTraceparent(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const match = traceparentPattern.exec(header);
  if (match === null) return null;
  const [, version, traceId, parentId, flags, more] = match;
  const isInvalid =
    version === 'ff' || /^0+$/.test(traceId as string) || /^0+$/.test(parentId as string) || (version === '00' && more);
  if (isInvalid) return null;
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
}

/** The path without its query, which may hold secrets. */
export function pathOf(request: Pick<FastifyRequest, 'url'>): string {
  const query = request.url.indexOf('?');
  return query === -1 ? request.url : request.url.slice(0, query);
}
