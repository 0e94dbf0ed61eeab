/** `/webhooks/events` and `/webhooks/health`: received events, their outcome, and redelivery. */
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { countWebhooks } from '../../../storage/tables/webhooks/webhook-configs.ts';
import { countTargets } from '../../../storage/tables/webhooks/webhook-deliveries.ts';
import { type AcceptDeps, acceptRefused } from '../../../webhooks/managing/accept-refused.ts';
import { getEvent, listEvents, type ReadEventsDeps } from '../../../webhooks/managing/read-events.ts';
import { type RetryEventsDeps, retryEvent, retryEvents } from '../../../webhooks/managing/retry-events.ts';
import type { Reception } from '../../../webhooks/receiving/reception.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer, sendAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { positionOf } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';
import {
  type EventsQuery,
  eventListSchema,
  eventsQuerySchema,
  type RetryBody,
  receptionSchema,
  redriveAnswerSchema,
  redriveSchema,
  retryBodySchema,
  retrySchema,
  webhooksHealthSchema,
  wholeEventSchema,
} from './events-schemas.ts';
import { idParamsSchema } from './schema-parts.ts';
import { allowNoBody, chosenFilter, filterOfQuery } from './webhooks-input.ts';

export interface WebhookEventsRoutesDeps extends ReadEventsDeps, RetryEventsDeps, AcceptDeps {
  readonly db: ReadEventsDeps['db'] & RetryEventsDeps['db'] & AcceptDeps['db'];
  readonly idempotency: Idempotency;
}

const reading = { scope: 'webhooks:read' } as const;
const defaultLimit = 100;
/** A target that has not accepted a delivery for this long counts as late. */
const lateSeconds = 300;

export function webhookEventsRoutes(app: FastifyInstance, deps: WebhookEventsRoutesDeps): void {
  const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
  endpoints.get(
    '/webhooks/events',
    'What was received, newest first',
    { access: reading, answer: eventListSchema, querystring: eventsQuerySchema },
    async (request) => {
      const query = request.query as EventsQuery;
      const after = positionOf(query.cursor);
      return listEvents(deps, callerOf(request).tenantId, filterOfQuery(query), after, query.limit ?? defaultLimit);
    },
  );

  endpoints.get(
    '/webhooks/events/:id',
    'One delivery whole: headers, payload, attempts',
    { access: reading, answer: wholeEventSchema, params: idParamsSchema },
    async (request, reply) => {
      const { id } = request.params as Static<typeof idParamsSchema>;
      return sendAnswer(reply, jsonAnswer(200, await getEvent(deps, callerOf(request).tenantId, id)));
    },
  );

  endpoints.post(
    '/webhooks/events/:id/retry',
    'Publish it again, and deliver it to its targets again; 409 with a reason where that cannot be',
    { answer: retrySchema, params: idParamsSchema, body: retryBodySchema, preValidation: allowNoBody },
    deps.idempotency.wrap(async (request) => {
      const { id } = request.params as Static<typeof idParamsSchema>;
      const { to, target_id: targetId } = (request.body ?? {}) as RetryBody;
      if (targetId !== undefined && to === 'all')
        throw invalidInput('to', 'must be target beside a target_id', 'вместе с target_id бывает только target');
      const options = { to: to ?? 'all', targetId, requestId: request.id };
      return jsonAnswer(200, await retryEvent(deps, callerOf(request).tenantId, id, options));
    }),
  );

  endpoints.post(
    '/webhooks/events/:id/accept',
    'Accept a refused delivery whose signature holds by now; it is kept for 24 hours',
    { answer: receptionSchema, params: idParamsSchema },
    deps.idempotency.wrap(async (request) => {
      const { id } = request.params as Static<typeof idParamsSchema>;
      return jsonAnswer(200, shownReception(await acceptRefused(deps, callerOf(request).tenantId, id)));
    }),
  );

  endpoints.post(
    '/webhooks/events/retry',
    'Send all that match again, the oldest first, at most 1,000 at once',
    { answer: redriveAnswerSchema, body: redriveSchema },
    deps.idempotency.wrap(async (request) => {
      const { to = 'all', cursor, ...chosen } = request.body as Static<typeof redriveSchema>;
      const options = { to, after: positionOf(cursor), requestId: request.id };
      return jsonAnswer(200, await retryEvents(deps, callerOf(request).tenantId, chosenFilter(chosen), options));
    }),
  );

  endpoints.get(
    '/webhooks/health',
    'Whether deliveries come in and reach their targets',
    { access: { scope: 'any' }, answer: webhooksHealthSchema },
    async (request) => {
      const { tenantId } = callerOf(request);
      return deps.db.forTenant(tenantId, async (tx) => {
        const { total, active, lastReceivedAt } = await countWebhooks(tx, tenantId);
        const { pending, dead, oldestPendingAgeSeconds } = await countTargets(tx, tenantId);
        return {
          status: dead > 0 || oldestPendingAgeSeconds > lateSeconds ? 'degraded' : 'healthy',
          webhooks: { total, active },
          last_received_at: lastReceivedAt?.toISOString() ?? null,
          targets: { pending, dead, oldest_pending_age_seconds: oldestPendingAgeSeconds },
        };
      });
    },
  );
}

/** The reply that a sender would have got. */
export function shownReception(reception: Reception) {
  return 'eventId' in reception
    ? { status: reception.status, event_id: reception.eventId }
    : { status: reception.status };
}
