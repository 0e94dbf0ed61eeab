/** `/webhooks/redrives`: sends all events that match a filter again, in the background. */
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { nullable, oneOf } from '../../../schema-parts.ts';
import { redriveStates } from '../../../storage/tables/webhooks/bulk-redrives.ts';
import {
  type BulkRedrivesDeps,
  beginRedrive,
  countRedrive,
  getRedrive,
  getRedrives,
  stopRedrive,
} from '../../../webhooks/managing/bulk-redrives.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf, principalTextOf } from '../../request/request-context.ts';
import { eventFilter, retryTo } from './events-schemas.ts';
import { idParamsSchema, time } from './schema-parts.ts';
import { allowNoBody, chosenFilter } from './webhooks-input.ts';

export interface WebhookRedrivesRoutesDeps extends BulkRedrivesDeps {
  readonly idempotency: Idempotency;
}

const bodySchema = Type.Object(
  {
    ...eventFilter,
    all: Type.Optional(Type.Literal(true, { description: 'Every event: in place of a filter.' })),
    to: retryTo,
    dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Counts alone, and answers 200.' })),
  },
  { additionalProperties: false, examples: [{ delivery_status: 'dead', to: 'failed', dry_run: true }] },
);

const range = {
  from_date: nullable(time),
  to_date: nullable(Type.String({ format: 'date-time', description: 'Fixed when it begins.' })),
};

const countSchema = Type.Object({
  matched_count: Type.Integer(),
  is_exact: Type.Boolean({ description: 'False: only the oldest 100,000 were counted.' }),
  sendable_count: Type.Integer({ description: 'What was refused or ignored, or has not failed, is passed over.' }),
  oldest_received_at: nullable(time),
  newest_received_at: nullable(time),
  ...range,
  to: oneOf(['all', 'target', 'failed']),
  webhooks: Type.Array(
    Type.Object({
      webhook_id: Type.String(),
      webhook_name: Type.String(),
      sendable_count: Type.Integer(),
      target_urls: Type.Array(Type.String({ description: 'Without its query.' })),
    }),
  ),
});

const redriveSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  state: oneOf(redriveStates),
  to: oneOf(['all', 'target', 'failed']),
  filter: Type.Object({}, { additionalProperties: Type.String() }),
  ...range,
  matched_count: Type.Integer({ description: 'Events, when it began; counted up to 100,000.' }),
  sent_count: Type.Integer({ description: 'Events.' }),
  skipped_count: Type.Integer({ description: 'Events that could not be sent, or had nobody to go to.' }),
  deliveries: Type.Object(
    {
      delivered: Type.Integer(),
      failed: Type.Integer({ description: 'Given up after all tries.' }),
      cancelled: Type.Integer({ description: 'The target was removed meanwhile.' }),
      waiting: Type.Integer(),
    },
    { description: 'At targets: an event has one for each.' },
  ),
  created_by: Type.String(),
  created_at: time,
  finished_at: nullable(time),
});

export function webhookRedrivesRoutes(app: FastifyInstance, deps: WebhookRedrivesRoutesDeps): void {
  const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
  endpoints.post(
    '/webhooks/redrives',
    'Send all that match again, in the background, the oldest first; dry_run counts them',
    { answers: { 200: countSchema, 201: redriveSchema }, body: bodySchema },
    deps.idempotency.wrap(async (request) => {
      const { tenantId } = callerOf(request);
      const { to = 'all', dry_run: isDryRun, ...chosen } = request.body as Static<typeof bodySchema>;
      const filter = chosenFilter(chosen);
      if (isDryRun === true) return jsonAnswer(200, await countRedrive(deps, tenantId, filter, to));
      const options = { to, requestId: request.id, createdBy: principalTextOf(request) };
      return jsonAnswer(201, await beginRedrive(deps, tenantId, filter, options));
    }),
  );

  endpoints.get(
    '/webhooks/redrives',
    'The newest 50, with how far each is',
    { answer: Type.Object({ redrives: Type.Array(redriveSchema) }) },
    async (request) => getRedrives(deps, callerOf(request).tenantId),
  );

  endpoints.get(
    '/webhooks/redrives/:id',
    'How far one is: done, failed, waiting',
    { answer: redriveSchema, params: idParamsSchema },
    async (request) =>
      getRedrive(deps, callerOf(request).tenantId, (request.params as Static<typeof idParamsSchema>).id),
  );

  endpoints.post(
    '/webhooks/redrives/:id/stop',
    'Send nothing further; what is at a target goes on there',
    { answer: redriveSchema, params: idParamsSchema, preValidation: allowNoBody },
    deps.idempotency.wrap(async (request) => {
      const { id } = request.params as Static<typeof idParamsSchema>;
      return jsonAnswer(200, await stopRedrive(deps, callerOf(request).tenantId, id));
    }),
  );
}
