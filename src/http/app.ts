/**
 * Assembles the HTTP edge. Routes get their dependencies through their register options; the Fastify instance is not
 * decorated.
 *
 * The API lies behind one authentication hook, which uses each route's `access`. The start fails if a route has none.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { ServiceError } from '../errors.ts';
import { createRequestLog, type Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { isServerFault } from '../storage/postgres/database-away.ts';
import { type Authenticator, authorize } from './auth/authenticate.ts';
import { createFailedCredentials, type FailedCredentials } from './auth/failed-credentials.ts';
import type { TokenLimit } from './auth/token-limit.ts';
import { allowOrigins } from './cors.ts';
import { describeApi } from './openapi/openapi.ts';
import { asServiceError, problemOf } from './reply/problem.ts';
import { CallerLeft } from './request/abort.ts';
import { discardRest } from './request/bounded-body.ts';
import { acceptJson } from './request/json-body.ts';
import { answerMalformedHttp } from './request/malformed-http.ts';
import { withProxyPath } from './request/proxy-path.ts';
import { refuseUnknown } from './request/refuse-unknown.ts';
import { type Principal, pathOf, type RouteAccess, requestIdOf } from './request/request-context.ts';
import { closeSilentConnections } from './request/silent-connections.ts';
import { cutSlowBodies } from './request/slow-bodies.ts';
import { compileValidator } from './request/validate.ts';
import { watchRouteMethods } from './route-methods.ts';

export const apiPrefix = '/api/v1';
/** Enough for 1,000 addresses of 500 characters; routes that need more set their own limit. */
const bodyLimitBytes = 2 * 1024 * 1024;
const maxHeaderBytes = 16 * 1024;
/**
 * The time in which headers must arrive, and bodies too unless a route lets them flow: slower senders would hold
 * connections for nothing.
 */
const requestArrivalMs = 60_000;
/** Longer than the idle time of common load balancers (60 s), so that they close first and never write into a closed socket. */
const keepAliveMs = 72_000;
/** A spreadsheet id, token or service name in a path is never longer. */
const maxParamLength = 2_048;

/** Methods that a console session may use without proving that its own page sent the request. */
const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Routes as a plugin, without an encapsulation of their own. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

export interface AppDeps {
  /** CIDRs of proxies whose `X-Forwarded-For` is trusted. */
  trustedProxies: readonly string[];
  publicBaseUrl: string;
  /** Origins of the pages that may call the API from a browser. */
  corsOrigins: readonly string[];
  /** A credential of exactly one tenant implies that tenant if the tenant header is missing. */
  tenantFromToken: boolean;
  authenticator: Authenticator;
  tokenLimit: TokenLimit;
  metrics: Pick<Metrics, 'httpRequest'>;
  logger: Logger;
  /** Called for each answer, except those of health checks, metrics and documents. */
  noteWork?(): void;
  /** How long a request may take to arrive, in milliseconds. Default 60 s. */
  arrivalMs?: number;
  /** Under `/api/v1`, authenticated. */
  apiRoutes: readonly Routes[];
  /** Everything else: health, documents, webhooks, pages. */
  publicRoutes: readonly Routes[];
}

export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { arrivalMs = requestArrivalMs } = deps;
  const app = Fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    // Requests that arrive on an open connection while the server closes are still served, with `Connection: close`.
    return503OnClosing: false,
    trustProxy: deps.trustedProxies.length === 0 ? false : [...deps.trustedProxies],
    rewriteUrl: (raw) => withProxyPath(originFormOf(raw.url as string), raw.headers, `${apiPrefix}/proxy`),
    genReqId: (raw) => requestIdOf(raw.headers['x-request-id']),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength },
    // Instead of Fastify's own compilers, whose libraries are slow to load. Its type knows only these libraries. No
    // route has a schema for its answer.
    schemaController: {
      compilersFactory: {
        buildValidator: () => compileValidator as never,
        buildSerializer: () => () => JSON.stringify,
      },
    },
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: arrivalMs,
      connectionsCheckingInterval: arrivalMs / 2,
    },
    clientErrorHandler: answerMalformedHttp,
    frameworkErrors: (error, request, reply) => sendProblem(deps.logger, error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance;

  closeSilentConnections(app);
  cutSlowBodies(app, arrivalMs);
  const routeMethods = watchRouteMethods(app);
  await describeApi(app, deps.publicBaseUrl, deps.tenantFromToken);
  acceptJson(app);
  app.decorateRequest('caller', null);
  app.decorateRequest('ownTraceparent', null);
  app.decorateRequest('failure', null);

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    // Default; a response that may be cached sets its own header.
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    done(request.url.includes('%00') ? (nulInUrl(request.url) as never) : undefined);
  });
  allowOrigins(app, deps.corsOrigins, apiPrefix);
  const noteResponse = createResponseNotes(deps);
  app.addHook('onResponse', (request, reply, done) => {
    noteResponse(request, reply);
    done();
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const send = () => sendProblem(deps.logger, error, request, reply);
    return error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? whenReadable(request, reply).then(send) : send();
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = routeMethods.allowedFor(pathOf(request));
    if (allowed.length === 0) throw new ServiceError('NOT_FOUND', 'There is nothing at this path.');
    reply.header('allow', allowed.join(', '));
    throw new ServiceError('METHOD_NOT_ALLOWED', `This path takes ${allowed.join(', ')}.`);
  });

  for (const routes of deps.publicRoutes) await app.register(asPlugin(routes));
  await app.register(authenticatedApi(deps), { prefix: apiPrefix });
  return app;
}

/** PostgreSQL's text types cannot hold NUL, so a URL that contains one matches no id or name. */
function nulInUrl(url: string): ServiceError {
  const [path = ''] = url.split('?', 1);
  return new ServiceError('INVALID_REQUEST', 'The URL must not contain NUL.', {
    errors: [{ path: path.includes('%00') ? 'path' : 'query', message: 'must not contain NUL' }],
  });
}

function authenticatedApi(deps: AppDeps): FastifyPluginAsync {
  const failures = createFailedCredentials();
  return async (api) => {
    api.addHook('onRoute', (route) => {
      const access = route.config?.access;
      if (access === undefined) throw new Error(`${route.url} does not say who may use it (config.access)`);
      const own = route.onRequest ?? [];
      route.onRequest = [authenticationHook(deps, access, failures), ...(Array.isArray(own) ? own : [own])];
      const judge = refuseUnknown(route);
      if (judge !== null) route.preValidation = [judge, ...[route.preValidation ?? []].flat()];
    });
    for (const routes of deps.apiRoutes) await api.register(asPlugin(routes));
  };
}

function asPlugin(routes: Routes): FastifyPluginAsync {
  return async (app) => {
    await routes(app);
  };
}

/**
 * Runs before the body is read, so that unknown callers cannot send one. Known credentials are checked synchronously.
 */
function authenticationHook(
  { authenticator, tenantFromToken, tokenLimit }: Pick<AppDeps, 'authenticator' | 'tenantFromToken' | 'tokenLimit'>,
  access: RouteAccess,
  failures: FailedCredentials,
) {
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const refuse = (error: unknown): void => done(failures.judge(request.ip, error as Error));
    /** Most credentials have no limit of their own, so they need no promise. */
    const finish = (principal: Principal): Promise<void> | undefined => {
      request.caller = authorize(principal, request.headers, access, tenantFromToken);
      return principal.requestsPerMinute === null ? undefined : tokenLimit.admit(request, reply);
    };
    let finished: Promise<void> | undefined;
    try {
      const identified = authenticator.identify(request.headers, !readMethods.has(request.method));
      finished = identified instanceof Promise ? identified.then(finish) : finish(identified);
    } catch (error) {
      refuse(error);
      return;
    }
    if (finished === undefined) done();
    else finished.then(() => done(), refuse);
  };
}

/**
 * Fastify answers a body that is too large and closes the connection, so a client that is still writing sees a broken
 * connection instead of the answer. The rest of the body is therefore read and discarded, up to a bound.
 */
async function whenReadable(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { isAbandoned } = await discardRest(request.raw);
  if (!isAbandoned) reply.removeHeader('connection');
}

function sendProblem(logger: Logger, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asServiceError(thrown, request.routeOptions.bodyLimit);
  const problem = problemOf(error, { requestId: request.id, instance: instanceOf(request) });
  if (error.cause instanceof CallerLeft) logger.debug({ req_id: request.id }, 'a caller left before the answer');
  else if (error.code === 'INTERNAL_ERROR')
    logger.error({ err: error.cause ?? error, req_id: request.id }, 'a request failed');
  else if (isServerFault(error.cause))
    logger.error({ err: error.cause, req_id: request.id }, 'the database could not carry out a request');
  else if (problem.status >= 500) logger.debug({ err: error, req_id: request.id }, 'a request could not be served');
  request.failure = { code: error.code, detail: error.publicMessage, cause: error.cause };
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .send(Buffer.from(JSON.stringify(problem.body)));
}

/** The requested path, with webhook tokens removed wherever and however they appear in it. */
function instanceOf(request: FastifyRequest): string {
  const path = pathOf(request).replace(/^((?:\/+api\/+v1)?\/+hooks\/).*/i, '$1{webhook_token}');
  let plain = path;
  for (let layer = 0; layer < 3; layer += 1) {
    plain = plain.replaceAll(/%[2-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    const masked = plain.replaceAll(webhookTokens, '{webhook_token}');
    if (masked !== plain) return masked;
  }
  return path;
}

/** Also matches a truncated token. */
const webhookTokens = /whk_[A-Za-z0-9_-]{8,}/gi;

/**
 * `http://host/path` means `/path`: clients that treat this service as a proxy may write it so, and a server must
 * accept it (RFC 9112, 3.2.2).
 */
function originFormOf(target: string): string {
  if (target.startsWith('/')) return target;
  const [prefix = target] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [''];
  if (prefix === '') return target;
  const rest = target.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Records the metrics and the log line of each response. */
function createResponseNotes({
  metrics,
  logger,
  noteWork,
}: AppDeps): (request: FastifyRequest, reply: FastifyReply) => void {
  const writeLine = createRequestLog(logger);
  return (request, reply) => {
    const { config, url } = request.routeOptions;
    const route = url ?? 'unmatched';
    const durationMs = reply.elapsedTime;
    const status = reply.statusCode;
    metrics.httpRequest(request.method, route, status, durationMs);
    if (config.quiet === true) return;
    noteWork?.();
    const { id: requestId, method, failure } = request;
    writeLine({ requestId, method, route, status, durationMs, tenantId: request.caller?.tenantId, failure });
  };
}
