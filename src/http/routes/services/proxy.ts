import type { IncomingMessage } from 'node:http';
import { Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Clock } from '../../../clock.ts';
import { invalidInput, ServiceError } from '../../../errors.ts';
import type { HttpInput } from '../../../providers/http/operations.ts';
import { createStart } from '../../../proxy/carry-answer.ts';
import { type ForwardedReply, forwardRequest, type Request, wasNotSent } from '../../../proxy/forward-request.ts';
import type { ForwardRequestDeps } from '../../../proxy/forwarded-call.ts';
import { apiPrefix, type Routes } from '../../app.ts';
import type { Answer } from '../../reply/answer.ts';
import { callerOfCall } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { acceptAnyContentType, contentTypeOf } from '../../request/any-content-type.ts';
import { readBoundedBody } from '../../request/bounded-body.ts';
import { hasIdempotencyKey, type Idempotency, type Progress } from '../../request/idempotency.ts';
import { faultOfProxyPath, splitQuery } from '../../request/proxy-path.ts';
import { requireService } from '../../request/request-context.ts';

export interface ProxyRouteDeps extends ForwardRequestDeps {
  readonly clock: Clock;
  readonly idempotency: Idempotency;
  readonly deadlineMs: number;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** A body up to this size is read before it is passed on, so that it can be sent again if it did not arrive. */
const maxHeldBytes = 1024 * 1024;
const maxKeyedBytes = 10 * 1024 * 1024;
const maxKeptAnswerBytes = 16 * 1024 * 1024;

/**
 * An upstream's response appears under this service's own origin, where a browser may hold an operator's token: it may
 * run no script here, and browsers must not guess its content type.
 */
const containment = { 'content-security-policy': "sandbox; default-src 'none'", 'x-content-type-options': 'nosniff' };

/**
 * Number of segments in `/api/v1/proxy/{service_name}/{path}` before the path, including the empty one before the first
 * slash.
 */
const segmentsBefore = `${apiPrefix}/proxy/{service_name}`.split('/').length;

/** `ANY /proxy/{service_name}/{path}`: passes bytes through, with the service's own credential. */
export function proxyRoute(deps: ProxyRouteDeps): Routes {
  return (app) => {
    acceptAnyContentType(app, (request, payload, done) => {
      if (!isHeldWhole(request)) return done(null, payload);
      readWhole(payload).then((body) => done(null, body), done);
    });

    app.addHook('onResponse', (request, _reply, done) => {
      dropRest(request.body);
      done();
    });

    const pass = async (request: FastifyRequest, signal: AbortSignal): Promise<ForwardedReply> => {
      refuseWhatCannotPass(request);
      const caller = callerOfCall(request, deps.clock, deps.deadlineMs);
      const { serviceName, ...target } = targetOf(request);
      requireService(request, serviceName);
      const input = {
        method: request.method as HttpInput['method'],
        ...target,
        headers: headersOf(request),
        ...bodyOf(request),
      };
      return forwardRequest(deps, caller, serviceName, input, signal);
    };
    const stream = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      send(request, reply, await pass(request, abortWhenCallerLeaves(reply)));
    const once = deps.idempotency.wrap((request, progress) => passOnce(request, progress, pass), {
      keepsUnknown: true,
      withoutKey: stream,
    });

    for (const url of ['/proxy/:service_name', '/proxy/:service_name/*']) {
      const route = {
        url,
        schema: { tags: ['proxy'], summary: 'Any API of the tenant, with its credential put in', consumes: ['*/*'] },
      } as const;
      for (const method of methods) {
        const changes = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
        app.route({
          ...route,
          method,
          exposeHeadRoute: false,
          config: configOf(method, !url.endsWith('*')),
          handler: changes ? once : stream,
        });
      }
    }
  };
}

/**
 * With a key, nothing is passed on twice. A request that an earlier run sent without learning the answer stays unknown.
 * An answer is stored whole, to be repeated.
 */
async function passOnce(
  request: FastifyRequest,
  progress: Progress,
  pass: (request: FastifyRequest, signal: AbortSignal) => Promise<ForwardedReply>,
): Promise<Answer> {
  if ((progress.saved as { sent?: unknown } | null)?.sent === true) throw unknownOutcome();
  await progress.save({ sent: true });
  try {
    // A caller with a key will ask for the answer again: a request given up halfway would have an unknown outcome.
    const answer = await pass(request, new AbortController().signal);
    return { ...headOf(answer, request.method), body: await wholeOf(answer.body), isFinal: answer.status !== 429 };
  } catch (error) {
    if (wasNotSent(error)) await progress.save({ sent: false });
    else if (error instanceof ServiceError) throw withUnknownOutcome(error);
    throw error;
  }
}

/** The upstream's answer is unusable: it is not known whether the upstream carried out the request. */
function withUnknownOutcome(error: ServiceError): ServiceError {
  return new ServiceError(error.code, error.publicMessage, {
    extra: { ...error.extra, outcome: 'unknown' },
    cause: error,
  });
}

function unknownOutcome(): ServiceError {
  return new ServiceError('GATEWAY_TIMEOUT', 'It is not known whether the request was carried out.', {
    extra: { outcome: 'unknown' },
  });
}

async function wholeOf(body: Buffer | Readable): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxKeptAnswerBytes) throw new Error('too long to be kept');
      chunks.push(chunk);
    }
  } catch (error) {
    const detail = 'The request was made, and its answer was cut or is too long to be kept for its Idempotency-Key.';
    throw new ServiceError('PROVIDER_ERROR', detail, { extra: { outcome: 'unknown' }, cause: error });
  }
  return Buffer.concat(chunks);
}

/** Small bodies are kept to be sent again, and bodies with a key to be compared. All others stream through. */
function isHeldWhole(request: FastifyRequest): boolean {
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  return length <= maxHeldBytes || hasIdempotencyKey(request);
}

async function readWhole(payload: IncomingMessage): Promise<Buffer> {
  const read = await readBoundedBody(payload, maxKeyedBytes);
  if (read.kind === 'whole') return read.body;
  const mebibytes = maxKeyedBytes / 1024 / 1024;
  throw new ServiceError('PAYLOAD_TOO_LARGE', `With an Idempotency-Key a body has at most ${mebibytes} MiB.`);
}

function headersOf(request: FastifyRequest): Record<string, string> {
  const type = contentTypeOf(request);
  return { ...(request.headers as Record<string, string>), ...(type === undefined ? {} : { 'content-type': type }) };
}

function bodyOf({ body, headers }: FastifyRequest): Pick<Request, 'body' | 'upload' | 'lengthBytes'> {
  if (!(body instanceof Readable))
    return { body: Buffer.isBuffer(body) ? body : null, upload: null, lengthBytes: null };
  const start = createStart();
  let movedAtMs = performance.now();
  let isWhole = false;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      start.add(chunk);
      movedAtMs = performance.now();
      done(null, chunk);
    },
    flush(done) {
      isWhole = true;
      movedAtMs = performance.now();
      done();
    },
  });
  // A caller that disconnects aborts the request to the upstream, too.
  finished(body).catch((error: Error) => tap.destroy(error));
  tap.on('error', () => {});
  body.pipe(tap);
  tap.once('close', () => dropRest(body));
  const length = headers['content-length'];
  return {
    body: tap,
    upload: {
      passed: start.passed,
      isWhole: () => isWhole,
      silentMs: () => performance.now() - movedAtMs,
    },
    lengthBytes: length === undefined ? null : Number(length),
  };
}

/**
 * Reads and drops what an upstream did not take, or what nothing was asked with: many senders write their whole body
 * before they read the answer, and the connection serves their next request.
 */
function dropRest(body: unknown): void {
  if (body instanceof Readable) body.unpipe().resume();
}

/**
 * The description of a method: whether it has a body, which cache headers its answers have, and where its path may
 * stand.
 */
function configOf(method: HttpInput['method'], takesPathHeader: boolean): FastifyContextConfig {
  const ofCache = method === 'GET' || method === 'HEAD' ? (['refresh', 'cache'] as const) : [];
  return {
    access: { scope: 'proxy', boundTokens: 'judged' },
    passesOn: true,
    bodyMayFlow: true,
    headers: [...ofCache, 'provider', ...(takesPathHeader ? (['proxyPath'] as const) : [])],
    ...(method === 'POST' || method === 'PUT' || method === 'PATCH' ? { showsBody: anyBody } : {}),
  };
}

/** null: the body is optional. */
const anyBody = Type.Union([Type.Unknown(), Type.Null()], {
  description: 'What the API takes, in whatever type: the bytes are handed on as they came.',
});

/**
 * The body of a GET or HEAD request is never read: it has no meaning (RFC 9110, 9.3.1). Some APIs give it one all the
 * same, and would answer another question without it, so the request is refused.
 */
function refuseWhatCannotPass(request: FastifyRequest): void {
  const { method, headers } = request;
  const faultOfPath = faultOfProxyPath(request);
  if (faultOfPath !== null) throw invalidInput('header:X-Proxy-Path', faultOfPath);
  if (headers.upgrade !== undefined && !isOffer(headers.upgrade)) {
    throw invalidInput(
      'header:Upgrade',
      'is not passed on: WebSockets and other protocols do not go through the gateway',
    );
  }
  if (method !== 'GET' && method !== 'HEAD') return;
  if ((headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined) return;
  throw invalidInput('body', `is not passed on with ${method}; most APIs that take one there take it with POST`);
}

/**
 * Clients of Java offer HTTP/2 or TLS with every request to an `http:` URL, and go on without it (RFC 9110, 7.8). A
 * WebSocket cannot.
 */
function isOffer(upgrade: string): boolean {
  return upgrade.split(',').every((protocol) => /^\s*(h2c|HTTP\/2\.0|TLS\/[\d.]+)\s*$/i.test(protocol));
}

/**
 * Path and query as the caller wrote them: the router decodes the path, and a decoded path is another one. The prefix
 * is skipped by counting segments, because it can be written in several ways (`/api/v1/%70roxy`).
 */
function targetOf(request: FastifyRequest): { serviceName: string; path: string; query: string } {
  const [path = '', query] = splitQuery(request.url);
  const rest = path.split('/').slice(segmentsBefore).join('/');
  return { serviceName: (request.params as { service_name: string }).service_name, path: rest, query: query ?? '' };
}

function headOf({ status, headers, result }: ForwardedReply, method: string): Pick<Answer, 'status' | 'headers'> {
  const isCacheable = method === 'GET' || method === 'HEAD';
  return {
    status,
    headers: {
      ...headers,
      ...containment,
      ...(isCacheable ? { 'x-cache': result.cacheOutcome, age: String(result.ageSeconds) } : {}),
      'x-provider': result.provider,
    },
  };
}

async function send(request: FastifyRequest, reply: FastifyReply, answer: ForwardedReply): Promise<FastifyReply> {
  const { status, headers } = headOf(answer, request.method);
  const hasBody = status !== 204 && status !== 304 && request.method !== 'HEAD';
  // Stored bytes know their own length; for a HEAD or a stream, the upstream's header says it.
  const { 'content-length': length, ...others } = headers;
  const keepsLength = length !== undefined && (!hasBody || answer.body instanceof Readable);
  reply.code(status).headers(keepsLength ? headers : others);
  if (!hasBody) {
    // Reads the body to its end, which completes the audit row.
    if (answer.body instanceof Readable) await finished(answer.body.resume());
    return reply.send();
  }
  // Fastify adds application/octet-stream to a body without a type, which is how such a body is to be treated (RFC
  // 9110, 8.3).
  reply.send(answer.body);
  // An event stream may start with silence, so its headers go out before the first event.
  if (answer.body instanceof Readable) reply.raw.flushHeaders();
  return reply;
}
