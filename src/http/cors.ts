/**
 * Cross-origin requests of browsers (the Fetch standard, "CORS protocol"). Only the configured origins are allowed,
 * each by name. Cookies are never allowed: a page brings a token, not a session.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pathOf } from './request/request-context.ts';

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Response headers that a page may read in addition to the few that are always readable. */
const exposedHeaders = [
  'X-Request-Id',
  'X-Cache',
  'X-Provider',
  'Age',
  'RateLimit-Policy',
  'RateLimit',
  'Retry-After',
  'ETag',
  'Location',
  'Link',
  'Idempotency-Replayed',
].join(', ');
const preflightMaxAgeSeconds = 600;
const headerNames = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:\s*,\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*$/;

/** Does nothing if no origin is configured. `prefix`: the paths that pages may call. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[], prefix: string): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  const isCallable = (request: FastifyRequest) => pathOf(request).startsWith(`${prefix}/`);

  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin) || !isCallable(request)) return done();
    reply.header('access-control-allow-origin', origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      reply.header('access-control-expose-headers', exposedHeaders);
      return done();
    }
    // A proxied service may need any header, so a page of an allowed origin may send the headers that it asks for.
    const asked = request.headers['access-control-request-headers'];
    if (typeof asked === 'string' && headerNames.test(asked)) reply.header('access-control-allow-headers', asked);
    reply
      .code(204)
      .headers({ 'access-control-allow-methods': methods, 'access-control-max-age': String(preflightMaxAgeSeconds) })
      .send();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    // An upstream's own Vary is kept: the answer depends on both.
    if (isCallable(request)) {
      const given = reply.getHeader('vary');
      reply.header('vary', given === undefined ? 'Origin' : `${given}, Origin`);
    }
    done(null, payload);
  });
}
