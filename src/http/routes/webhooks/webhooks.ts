/**
 * `/webhooks`: a tenant's webhooks. A change takes effect on this replica at once and on all others within a second.
 */
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { isUuid, type TenantId } from '../../../ids.ts';
import {
  countWebhooks,
  findWebhook,
  pageWebhooks,
  type WebhookConfigRow,
} from '../../../storage/tables/webhooks/webhook-configs.ts';
import { sendTestEvent } from '../../../webhooks/managing/accept-refused.ts';
import { explainSignature } from '../../../webhooks/managing/explain-signature.ts';
import {
  type ChangedWebhook,
  changeWebhook,
  createWebhook,
  type ManageWebhooksDeps,
  noSuchWebhook,
  removeWebhook,
  rotateSecret,
  rotateToken,
} from '../../../webhooks/managing/manage-webhooks.ts';
import { presentSources } from '../../../webhooks/managing/present-sources.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { webhookOfRow } from '../../../webhooks/webhook.ts';
import { apiPrefix, type Routes } from '../../app.ts';
import { type Answer, answerShownOnce, jsonAnswer, sendAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { checkIfMatch } from '../../request/if-match.ts';
import { callerOf } from '../../request/request-context.ts';
import { receptionSchema } from './events-schemas.ts';
import { idParamsSchema } from './schema-parts.ts';
import { presentChanged, shownOnce, stateOf, withState } from './webhook-answer.ts';
import { webhookTargetRoutes } from './webhook-target.ts';
import { parseWebhookCursor, renderWebhookCursor } from './webhooks-cursor.ts';
import { shownReception, type WebhookEventsRoutesDeps, webhookEventsRoutes } from './webhooks-events.ts';
import { allowNoBody, checkAddresses, draftOfBody, patchedDraft } from './webhooks-input.ts';
import { type WebhookRedrivesRoutesDeps, webhookRedrivesRoutes } from './webhooks-redrives.ts';
import {
  explainSchema,
  explanationSchema,
  rotatedSecretSchema,
  rotatedTokenSchema,
  rotateSecretSchema,
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

const access = { scope: 'admin' } as const;
const tags = ['webhooks'];
const defaultLimit = 100;
const defaultGraceSeconds = 86_400;
/** The size of a body to explain, in base64 at its largest. */
const explainedBodyBytes = 36 * 1024 * 1024;

export function webhooksRoutes(deps: WebhooksRoutesDeps): Routes {
  return async (app) => {
    app.get(
      '/webhooks',
      {
        config: { access, answers: { 200: webhookListSchema } },
        schema: { tags, summary: 'The webhooks of the tenant, newest first', querystring: webhooksQuerySchema },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { cursor, limit = defaultLimit } = request.query as Static<typeof webhooksQuerySchema>;
        const after = cursor === undefined ? null : parseWebhookCursor(cursor);
        const { rows, counted } = await deps.db.readForTenant(tenantId, async (tx) => ({
          rows: await pageWebhooks(tx, tenantId, after, limit + 1),
          counted: await countWebhooks(tx, tenantId),
        }));
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        return {
          webhooks: shown.map((row) => presentWebhook(deps, row)),
          total: counted.total,
          next_cursor:
            rows.length > limit && last !== undefined
              ? renderWebhookCursor({ createdAt: last.created_at_text, id: last.id })
              : null,
        };
      },
    );

    app.post(
      '/webhooks',
      {
        config: { access, answers: { 201: webhookSchema }, headers: ['location', 'etag'] },
        schema: { tags, summary: 'Create a webhook; a secret that is made is shown once', body: webhookBodySchema },
      },
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

    app.get(
      '/webhooks/sources',
      {
        config: { access, answers: { 200: sourceListSchema } },
        schema: { tags, summary: 'The kinds of senders that are known: their defaults, handshakes and samples' },
      },
      async () => ({ sources: presentSources() }),
    );

    app.get(
      '/webhooks/:id',
      {
        config: { access, answers: { 200: webhookSchema }, headers: ['etag'] },
        schema: { tags, summary: 'One webhook', params: idParamsSchema },
      },
      async (request, reply) => {
        const row = await findOwn(deps, callerOf(request).tenantId, idOf(request));
        return withState(reply, row, presentWebhook(deps, row));
      },
    );

    for (const method of ['PUT', 'PATCH'] as const) {
      app.route({
        method,
        url: '/webhooks/:id',
        config: { access, answers: { 200: webhookSchema }, headers: ['etag', 'match'] },
        schema: {
          tags,
          summary: method === 'PUT' ? 'Replace a webhook; secrets that are not sent stay' : 'Change what is named',
          params: idParamsSchema,
          body: method === 'PUT' ? webhookBodySchema : webhookPatchSchema,
        },
        handler: async (request, reply) => {
          const changed = await change(deps, request, method);
          return withState(reply, changed.row, presentChanged(deps, changed));
        },
      });
    }

    app.delete(
      '/webhooks/:id',
      {
        config: { access, answers: { 204: null }, headers: ['match'] },
        schema: { tags, summary: 'Delete a webhook; what it received stays', params: idParamsSchema },
      },
      async (request, reply) => {
        await removeWebhook(deps, callerOf(request).tenantId, idOf(request), contextOf(request), (current) =>
          checkIfMatch(request, stateOf(current)),
        );
        return sendAnswer(reply, { status: 204, headers: {}, body: Buffer.alloc(0) });
      },
    );

    app.post(
      '/webhooks/:id/rotate-secret',
      {
        config: { access, answers: { 200: rotatedSecretSchema } },
        schema: {
          tags,
          summary: 'A new secret, shown once; the old one stays good for grace_seconds',
          params: idParamsSchema,
          body: rotateSecretSchema,
        },
        preValidation: allowNoBody,
      },
      deps.idempotency.wrap(async (request): Promise<Answer> => {
        const body = (request.body ?? {}) as { grace_seconds?: number; secret_key?: string };
        const { row, secret } = await rotateSecret(
          deps,
          callerOf(request).tenantId,
          idOf(request),
          { graceSeconds: body.grace_seconds ?? defaultGraceSeconds, secretKey: body.secret_key },
          contextOf(request),
        );
        const previousUntil = row.previous_secret_until?.toISOString() ?? null;
        return answerShownOnce(200, { secret_key: secret, previous_secret_until: previousUntil }, shownOnce);
      }),
    );

    app.post(
      '/webhooks/:id/rotate-token',
      {
        config: { access, answers: { 200: rotatedTokenSchema } },
        schema: { tags, summary: 'A new address; the old one ends at once', params: idParamsSchema },
      },
      deps.idempotency.wrap(async (request): Promise<Answer> => {
        const row = await rotateToken(deps, callerOf(request).tenantId, idOf(request), contextOf(request));
        return jsonAnswer(200, { webhook_url: presentWebhook(deps, row).webhook_url });
      }),
    );

    app.post(
      '/webhooks/:id/test',
      {
        config: { access, answers: { 200: receptionSchema } },
        schema: {
          tags,
          summary: 'A sample of its source through everything but the signature, marked test: true',
          params: idParamsSchema,
        },
      },
      deps.idempotency.wrap(async (request): Promise<Answer> => {
        const reception = await sendTestEvent(deps, callerOf(request).tenantId, idOf(request), request.id);
        return jsonAnswer(200, shownReception(reception));
      }),
    );

    app.post(
      '/webhooks/:id/explain-signature',
      {
        config: { access, answers: { 200: explanationSchema } },
        bodyLimit: explainedBodyBytes,
        schema: {
          tags,
          summary: 'Why a signature holds or does not; shows no secret and no expected signature',
          params: idParamsSchema,
          body: explainSchema,
        },
      },
      async (request) => {
        const row = await findOwn(deps, callerOf(request).tenantId, idOf(request));
        const given = request.body as Static<typeof explainSchema>;
        if ((given.body === undefined) === (given.body_base64 === undefined)) {
          throw invalidInput('body', 'must be given, or body_base64, and not both');
        }
        const body =
          given.body === undefined ? Buffer.from(given.body_base64 ?? '', 'base64') : Buffer.from(given.body, 'utf8');
        const headers = Object.fromEntries(
          Object.entries(given.headers).map(([name, value]) => [name.toLowerCase(), value]),
        );
        return explainSignature(webhookOfRow(deps.keyring, row), headers, body, deps.clock.now());
      },
    );

    await webhookTargetRoutes({ ...deps, idOf, contextOf })(app);
    await webhookEventsRoutes(deps)(app);
    await webhookRedrivesRoutes(deps)(app);
  };
}

/** Addresses are resolved before the transaction: a slow name server must not keep the webhook locked. */
async function change(
  deps: WebhooksRoutesDeps,
  request: FastifyRequest,
  method: 'PUT' | 'PATCH',
): Promise<ChangedWebhook> {
  const { tenantId } = callerOf(request);
  const before = await findOwn(deps, tenantId, idOf(request));
  const draftOf = (current: WebhookConfigRow) => {
    checkIfMatch(request, stateOf(current));
    return method === 'PUT'
      ? draftOfBody(request.body as WebhookBody)
      : patchedDraft(request.body as WebhookPatch, current);
  };
  await checkAddresses(draftOf(before), before, deps.refusalOf);
  return changeWebhook(deps, tenantId, before.id, draftOf, contextOf(request));
}

/** Throws `NOT_FOUND`, also for an invalid id. */
async function findOwn(deps: Pick<ManageWebhooksDeps, 'db'>, tenantId: TenantId, id: string) {
  const row = await deps.db.forTenant(tenantId, (tx) => findWebhook(tx, tenantId, id));
  if (row === null) throw noSuchWebhook();
  return row;
}

/** Throws `NOT_FOUND` for an invalid id. */
function idOf(request: FastifyRequest): string {
  const { id } = request.params as Static<typeof idParamsSchema>;
  if (!isUuid(id)) throw noSuchWebhook();
  return id;
}

function contextOf(request: FastifyRequest) {
  return { changedBy: callerOf(request).principal.name, requestId: request.id };
}
