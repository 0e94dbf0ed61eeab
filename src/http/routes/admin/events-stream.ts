import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { ServiceError } from '../../../errors.ts';
import { eventTypes } from '../../../outbox/events.ts';
import { authorize } from '../../auth/authenticate.ts';
import { endpointsOf } from '../../endpoints.ts';
import { parseNames } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const querySchema = Type.Object({
  type: Type.Optional(
    Type.String({
      maxLength: 1_000,
      description: 'One or more event types, with commas between. Default: all.',
      examples: ['integration.request.completed'],
    }),
  ),
});
const access = { scope: 'admin' } as const;

/**
 * `GET /events/stream`: the tenant's events as they are published, as Server-Sent Events (WHATWG HTML, section 9.2).
 * Live only: earlier events, and those missed while disconnected, are in the log, so `Last-Event-ID` is ignored.
 */
export function eventsStreamRoute(
  app: FastifyInstance,
  { streams, authenticator }: Pick<AdminRoutesDeps, 'streams' | 'authenticator'>,
): void {
  const endpoints = endpointsOf(app, 'events', access);
  app.addHook('preClose', async () => streams.close());
  endpoints.get(
    '/events/stream',
    'The tenant’s events, live',
    {
      // A HEAD request would wait for the end of an endless stream.
      exposeHeadRoute: false,
      answer: { content: { 'text/event-stream': { schema: Type.String() } } },
      querystring: querySchema,
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const types = readTypes(request.query.type);
      const isStillAllowed = async (): Promise<boolean> => {
        try {
          const principal = await authenticator.identify(request.headers);
          authorize(principal, { 'x-management-company-id': tenantId }, access);
          return true;
        } catch (error) {
          // If the store cannot be asked, the reader stays connected.
          return error instanceof ServiceError && error.code === 'SERVICE_UNAVAILABLE';
        }
      };
      const stream = await streams.open({ tenantId, types, isStillAllowed });
      return reply
        .headers({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
          'x-accel-buffering': 'no',
        })
        .send(stream);
    },
  );
}

/** null: all types. Throws `INVALID_REQUEST` for an unknown type. */
function readTypes(text: string | undefined): ReadonlySet<string> | null {
  if (text === undefined || text.trim() === '') return null;
  return new Set(parseNames('type', text, eventTypes));
}
