import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Clock } from '../../../clock.ts';
import { invalidInput } from '../../../errors.ts';
import type { HttpInput } from '../../../providers/http/operations.ts';
import { type HandedOn, type HandOnDeps, handOn } from '../../../proxy/forward-request.ts';
import { apiPrefix, type Routes } from '../../app.ts';
import type { Answer } from '../../reply/answer.ts';
import { callerOfCall } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { hasIdempotencyKey, type Idempotency } from '../../request/idempotency.ts';

export interface ProxyRouteDeps extends HandOnDeps {
  readonly clock: Clock;
  readonly idempotency: Idempotency;
  readonly deadlineMs: number;
}

const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** Bodies are held whole, here and on their way. */
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * What an API answers is shown under this service's own origin, where a browser may hold an operator's token: whatever it
 * is, it runs no script here and is taken for nothing that it does not say it is.
 */
const containment = { 'content-security-policy': "sandbox; default-src 'none'", 'x-content-type-options': 'nosniff' };

/** Of `/api/v1/proxy/{service_name}/{path}`, the empty one before the first slash included. */
const segmentsBefore = `${apiPrefix}/proxy/{service_name}`.split('/').length;

/** `ANY /proxy/{service_name}/{path}`: bytes through, with the service's own credential. */
export function proxyRoute(deps: ProxyRouteDeps): Routes {
  return (app) => {
    // Bodies are not ours to read: all types pass, as they came.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    const respond = async (request: FastifyRequest, signal: AbortSignal): Promise<Answer> => {
      refuseUnreadBody(request);
      const caller = callerOfCall(request, deps.clock, deps.deadlineMs);
      const { serviceName, ...target } = targetOf(request);
      const input = {
        method: request.method as HttpInput['method'],
        ...target,
        headers: request.headers as Record<string, string>,
        body: Buffer.isBuffer(request.body) ? request.body : null,
      };
      return answerOf(await handOn(deps, caller, serviceName, input, signal), request.method);
    };
    // Who has a key will ask for the answer again: given up half done, the request would be made a second time then.
    const once = deps.idempotency.wrap((request, _progress, reply) =>
      respond(request, hasIdempotencyKey(request) ? new AbortController().signal : abortWhenCallerLeaves(reply)),
    );

    for (const url of ['/proxy/:service_name', '/proxy/:service_name/*']) {
      const route = {
        url,
        bodyLimit: maxBodyBytes,
        schema: { tags: ['proxy'], summary: 'Any API of the tenant, with its credential put in', consumes: ['*/*'] },
      } as const;
      app.route({ ...route, method: 'POST', config: configOf('POST'), handler: once });
      for (const method of methods) {
        app.route({
          ...route,
          method,
          exposeHeadRoute: false,
          config: configOf(method),
          handler: async (request, reply) => send(request, reply, await respond(request, abortWhenCallerLeaves(reply))),
        });
      }
    }
  };
}

/** What is said of a method: whether it brings a body, and what its answers tell of the cache. */
function configOf(method: HttpInput['method']): FastifyContextConfig {
  return {
    access: { scope: 'proxy' },
    passesOn: true,
    headers: method === 'GET' ? ['refresh', 'cache', 'provider'] : ['provider'],
    ...(method === 'POST' || method === 'PUT' || method === 'PATCH' ? { showsBody: anyBody } : {}),
  };
}

/** Null: a body may be left out. */
const anyBody = Type.Union([Type.Unknown(), Type.Null()], {
  description: 'What the API takes, in whatever type: the bytes are handed on as they came.',
});

/**
 * The body of a GET or HEAD is read by nobody: it has no meaning (RFC 9110, 9.3.1). Some APIs give it one all the same, and
 * without it they would answer another question.
 */
function refuseUnreadBody({ method, headers }: FastifyRequest): void {
  if (method !== 'GET' && method !== 'HEAD') return;
  if ((headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined) return;
  throw invalidInput('body', `is not handed on with ${method}; most APIs that take one there take it with POST`);
}

/**
 * As the caller wrote them: the router has decoded the path, and a decoded path is another one. What stands before is
 * counted in segments, because it too may be written in more than one way (`/api/v1/%70roxy`).
 */
function targetOf(request: FastifyRequest): { serviceName: string; path: string; query: string } {
  const [path = '', query] = splitOnce(request.url, '?');
  const rest = path.split('/').slice(segmentsBefore).join('/');
  return { serviceName: (request.params as { service_name: string }).service_name, path: rest, query: query ?? '' };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function answerOf({ status, headers, body, result }: HandedOn, method: string): Answer {
  const isCacheable = method === 'GET';
  return {
    status,
    headers: {
      ...headers,
      ...containment,
      ...(isCacheable ? { 'x-cache': result.cacheOutcome, age: String(result.ageSeconds) } : {}),
      'x-provider': result.provider,
    },
    body,
  };
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers);
  if (answer.status === 204 || answer.status === 304 || request.method === 'HEAD') return reply.send();
  // A body without a type goes out as application/octet-stream, which is what none may be taken for (RFC 9110, 8.3).
  return reply.send(answer.body);
}
