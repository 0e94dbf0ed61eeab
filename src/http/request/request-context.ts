/** What every request carries from the edge to its route: who asks, for whom, and under which ids. */
import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { RequestFailure } from '../../logger.ts';

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

/** Who asks. `admin` among the scopes implies all others. */
export interface Principal {
  readonly kind: 'service-token' | 'admin-token';
  /** Tells principals of one name apart: the token's id, the variable's name for it, or issuer and `sub`. */
  readonly id: string;
  /** The token's name or the JWT's `sub`; kept as `created_by`. */
  readonly name: string;
  /** null: every tenant. */
  readonly tenants: ReadonlySet<string> | null;
  readonly scopes: ReadonlySet<string>;
  /** Names of the services that it may use, whatever its scopes; null: all. */
  readonly services: ReadonlySet<string> | null;
  /** Requests a minute that it may make; null: no limit of its own. */
  readonly requestsPerMinute: number | null;
}

export interface Caller {
  readonly tenantId: TenantId;
  readonly principal: Principal;
}

/** What a route says about who may use it. `any`: every credential of the tenant. */
export interface RouteAccess {
  readonly scope: Scope | 'any';
  /**
   * What a token that is bound to services meets here. `judged`: the route shows and does what is of those services, and
   * refuses the rest. Default: it is refused, since the route is about all services of a tenant.
   */
  readonly boundTokens?: 'judged';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication hook; read through `callerOf`. */
    caller: Caller | null;
    /** This service's own span in the caller's trace; read through `traceparentOf`. */
    ownTraceparent: string | null;
    /** Why it got a problem document, for its line in the log. */
    failure: RequestFailure | null;
  }
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** For the API description only: answers are sent as stored bytes, without a response schema. */
    answers?: Readonly<Record<string, unknown>>;
    /** Answers that stream set their own pace and log when they end. */
    quiet?: boolean;
  }
}

/** The authenticated caller. Only routes behind the authentication hook may ask. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} is not behind the authentication hook`);
  return request.caller;
}

/** Throws `FORBIDDEN` where the credential is bound to other services, whether there is one of this name or not. */
export function requireService(request: FastifyRequest, serviceName: string): void {
  if (mayUse(request, serviceName)) return;
  throw new ServiceError('FORBIDDEN', `The credential may not use the service "${serviceName}".`);
}

/** Whether the caller's credential is bound to no service, or to this one too. */
export function mayUse(request: FastifyRequest, serviceName: string): boolean {
  return callerOf(request).principal.services?.has(serviceName) ?? true;
}

/** The name of who came into the console by the link that the start prints. */
export const startLinkName = 'start link';

/** Who asked, as the audit keeps it: `token:NAME`, `jwt:SUB`, or `console:start link`. */
export function principalTextOf(request: FastifyRequest): string {
  const { kind, name } = callerOf(request).principal;
  if (kind === 'service-token') return `token:${name}`;
  return name === startLinkName ? `console:${name}` : `jwt:${name}`;
}

const requestIdPattern = /^[A-Za-z0-9._:+/=@~-]{1,128}$/;

/** The caller's `X-Request-Id` where it is sane (and fits its column), else one of ours. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && requestIdPattern.test(header) ? header : newId();
}

/** The calling service as it names itself; null where it does not, or writes what a log should not hold. */
export function sourceServiceOf(request: FastifyRequest): string | null {
  const header = request.headers['x-service-name'];
  return typeof header === 'string' && /^[\x20-\x7e]{1,100}$/.test(header) ? header.trim() || null : null;
}

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The `traceparent` to send onwards: the caller's trace with a new parent id of ours (W3C Trace Context, section 3.2).
 * null where the caller sent none or an invalid one: a trace is not ours to begin.
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
