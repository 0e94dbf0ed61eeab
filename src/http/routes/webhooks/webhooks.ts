/**
 * `/webhooks`: a tenant's webhooks. A change takes effect on this replica at once and on all others within a second.
 */
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { pageOf, renderPosition } from '../../../encodings/page-cursor.ts';
import {
  countWebhooks,
  pageWebhooks,
  type WebhookConfigRow,
} from '../../../storage/tables/webhooks/webhook-configs.ts';
import {
  type ChangedWebhook,
  changeWebhook,
  createWebhook,
  type ManageWebhooksDeps,
  removeWebhook,
} from '../../../webhooks/managing/manage-webhooks.ts';
import { presentSources } from '../../../webhooks/managing/present-sources.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { apiPrefix, type Routes } from '../../app.ts';
import { endpointsOf } from '../../endpoints.ts';
import { answerShownOnce, sendAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { checkIfMatch } from '../../request/if-match.ts';
import { positionOf } from '../../request/query-values.ts';
import { callerOf, contextOf } from '../../request/request-context.ts';
import { idParamsSchema } from './schema-parts.ts';
import { webhookActionRoutes } from './webhook-actions.ts';
import { presentChanged, shownOnce, stateOf, withState } from './webhook-answer.ts';
import { findOwn, idOf } from './webhook-request.ts';
import { type WebhookEventsRoutesDeps, webhookEventsRoutes } from './webhooks-events.ts';
import { checkAddresses, draftOfBody, patchedDraft } from './webhooks-input.ts';
import { type WebhookRedrivesRoutesDeps, webhookRedrivesRoutes } from './webhooks-redrives.ts';
import {
  sourceListSchema,
  type WebhookBody,
  type WebhookPatch,
  webhookBodySchema,
  webhookListSchema,
  webhookPatchSchema,
  webhookSchema,
  webhooksQuerySchema,
} from './webhooks-schemas.ts';

export interface WebhooksRoutesDeps extends ManageWebhooksDeps, WebhookEventsRoutesDeps, WebhookRedrivesRoutesDeps {
  readonly db: ManageWebhooksDeps['db'] & WebhookEventsRoutesDeps['db'] & WebhookRedrivesRoutesDeps['db'];
  readonly keyring: ManageWebhooksDeps['keyring'] & WebhookEventsRoutesDeps['keyring'];
  readonly idempotency: Idempotency;
  /** Why the outbound policy blocks this URL; null if it is allowed. */
  refusalOf(url: string): Promise<string | null>;
}

const defaultLimit = 100;

export function webhooksRoutes(deps: WebhooksRoutesDeps): Routes {
  return (app) => {
    const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
    endpoints.get(
      '/webhooks',
      'The webhooks of the tenant, newest first',
      { answer: webhookListSchema, querystring: webhooksQuerySchema },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { cursor, limit = defaultLimit } = request.query as Static<typeof webhooksQuerySchema>;
        const after = positionOf(cursor);
        const { rows, counted } = await deps.db.readForTenant(tenantId, async (tx) => ({
          rows: await pageWebhooks(tx, tenantId, after, limit + 1),
          counted: await countWebhooks(tx, tenantId),
        }));
        const { shown, nextCursor } = pageOf(rows, limit, ({ created_at_text: at, id }) => renderPosition({ at, id }));
        const webhooks = shown.map((row) => presentWebhook(deps, row));
        return { webhooks, total: counted.total, next_cursor: nextCursor };
      },
    );

    endpoints.post(
      '/webhooks',
      'Create a webhook; a secret that is made is shown once',
      { answers: { 201: webhookSchema }, headers: ['location', 'etag'], body: webhookBodySchema },
      deps.idempotency.wrap(async (request) => {
        const { tenantId } = callerOf(request);
        const draft = draftOfBody(request.body as WebhookBody);
        await checkAddresses(draft, null, deps.refusalOf);
        const changed = await createWebhook(deps, tenantId, draft, contextOf(request));
        return answerShownOnce(201, presentChanged(deps, changed), shownOnce, {
          location: `${apiPrefix}/webhooks/${changed.row.id}`,
          etag: stateOf(changed.row),
        });
      }),
    );

    endpoints.get(
      '/webhooks/sources',
      'The kinds of senders that are known: their defaults, handshakes and samples',
      { answer: sourceListSchema },
      async () => ({ sources: presentSources() }),
    );

    endpoints.get(
      '/webhooks/:id',
      'One webhook',
      { answer: webhookSchema, headers: ['etag'], params: idParamsSchema },
      async (request, reply) => {
        const row = await findOwn(deps, callerOf(request).tenantId, idOf(request));
        return withState(reply, row, presentWebhook(deps, row));
      },
    );

    for (const method of ['put', 'patch'] as const) {
      endpoints[method](
        '/webhooks/:id',
        method === 'put' ? 'Replace a webhook; secrets that are not sent stay' : 'Change what is named',
        {
          params: idParamsSchema,
          body: method === 'put' ? webhookBodySchema : webhookPatchSchema,
          answer: webhookSchema,
          headers: ['etag', 'match'],
        },
        async (request, reply) => {
          const changed = await change(deps, request, method);
          return withState(reply, changed.row, presentChanged(deps, changed));
        },
      );
    }

    endpoints.delete(
      '/webhooks/:id',
      'Delete a webhook; what it received stays',
      { answers: { 204: null }, headers: ['match'], params: idParamsSchema },
      async (request, reply) => {
        await removeWebhook(deps, callerOf(request).tenantId, idOf(request), contextOf(request), (current) =>
          checkIfMatch(request, stateOf(current)),
        );
        return sendAnswer(reply, { status: 204, headers: {}, body: Buffer.alloc(0) });
      },
    );

    webhookActionRoutes(app, deps);
    webhookEventsRoutes(app, deps);
    webhookRedrivesRoutes(app, deps);
  };
}

/** Addresses are resolved before the transaction: a slow name server must not keep the webhook locked. */
async function change(
  deps: WebhooksRoutesDeps,
  request: FastifyRequest,
  method: 'put' | 'patch',
): Promise<ChangedWebhook> {
  const { tenantId } = callerOf(request);
  const before = await findOwn(deps, tenantId, idOf(request));
  const draftOf = (current: WebhookConfigRow) => {
    checkIfMatch(request, stateOf(current));
    return method === 'put'
      ? draftOfBody(request.body as WebhookBody)
      : patchedDraft(request.body as WebhookPatch, current);
  };
  await checkAddresses(draftOf(before), before, deps.refusalOf);
  return changeWebhook(deps, tenantId, before.id, draftOf, contextOf(request));
}
