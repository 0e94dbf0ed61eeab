/** Registers the endpoints of a family: each has a path, a summary, what it takes and gives, and a handler. */
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { RouteAccess } from './request/request-context.ts';

/** Besides its own members, the configuration that hooks and the API description read, and Fastify's options. */
interface Shape<Params, Query, Body>
  extends FastifyContextConfig,
    Pick<RouteOptions, 'bodyLimit' | 'exposeHeadRoute' | 'onRequest' | 'preValidation'> {
  readonly params?: Params;
  readonly querystring?: Query;
  readonly body?: Body;
  /** Default: the scope that it needs, in words. */
  readonly description?: string;
  /** The schema of its answer of status 200. */
  readonly answer?: unknown;
}

type Handler<Params extends TSchema, Query extends TSchema, Body extends TSchema> = (
  request: FastifyRequest<{ Params: Static<Params>; Querystring: Static<Query>; Body: Static<Body> }>,
  reply: FastifyReply,
) => unknown;

/** `access`: of every endpoint that names none of its own. */
export function endpointsOf(app: FastifyInstance, tag: string, access: RouteAccess) {
  const on =
    (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') =>
    <Params extends TSchema, Query extends TSchema, Body extends TSchema>(
      url: string,
      summary: string,
      shape: Shape<Params, Query, Body>,
      handler: Handler<Params, Query, Body>,
    ): void => {
      const { params, querystring, body, description, answer, ...others } = shape;
      const { bodyLimit, exposeHeadRoute, onRequest, preValidation, ...own } = others;
      app.route({
        ...given({ bodyLimit, exposeHeadRoute, onRequest, preValidation }),
        method,
        url,
        config: { access, ...given({ answers: answer && { 200: answer } }), ...own },
        schema: { tags: [tag], summary, ...given({ description, params, querystring, body }) },
        handler: handler as RouteOptions['handler'],
      });
    };
  return { get: on('GET'), post: on('POST'), put: on('PUT'), patch: on('PATCH'), delete: on('DELETE') };
}

function given(members: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
