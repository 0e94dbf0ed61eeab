/** `/webhooks/{id}/…-target…`: pauses and resumes a webhook's target, and rotates its secret. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pauseTarget, resumeTarget, rotateTargetSecret } from '../../../webhooks/managing/manage-targets.ts';
import type { ManageWebhooksDeps } from '../../../webhooks/managing/manage-webhooks.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { endpointsOf } from '../../endpoints.ts';
import { type Answer, answerShownOnce, jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';
import { idParamsSchema } from './schema-parts.ts';
import {
  pauseTargetSchema,
  resumeTargetSchema,
  rotatedTargetSecretSchema,
  rotateTargetSecretSchema,
} from './targets-schemas.ts';
import { contextOf, idOf } from './webhook-request.ts';
import { allowNoBody } from './webhooks-input.ts';
import { webhookSchema } from './webhooks-schemas.ts';

export interface WebhookTargetRoutesDeps extends ManageWebhooksDeps {
  readonly idempotency: Idempotency;
  onTargetDelivery(): void;
}

const defaultGraceSeconds = 86_400;

export function webhookTargetRoutes(app: FastifyInstance, deps: WebhookTargetRoutesDeps): void {
  const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
  endpoints.post(
    '/webhooks/:id/rotate-target-secret',
    'A new secret of the target, shown once; both sign for grace_seconds',
    {
      answer: rotatedTargetSecretSchema,
      params: idParamsSchema,
      body: rotateTargetSecretSchema,
      preValidation: allowNoBody,
    },
    deps.idempotency.wrap(async (request): Promise<Answer> => {
      const { grace_seconds: grace = defaultGraceSeconds, target_id: chosen = null } = bodyOf(request);
      const { tenantId } = callerOf(request);
      const id = idOf(request);
      const { secret, previousUntil } = await rotateTargetSecret(deps, tenantId, id, chosen, grace, contextOf(request));
      const shown = { target_secret: secret, previous_target_secret_until: previousUntil?.toISOString() ?? null };
      return answerShownOnce(200, shown, ['target_secret']);
    }),
  );

  endpoints.post(
    '/webhooks/:id/pause-target',
    'Deliveries to the target wait, in order',
    { answer: webhookSchema, params: idParamsSchema, body: pauseTargetSchema, preValidation: allowNoBody },
    deps.idempotency.wrap(async (request): Promise<Answer> => {
      const { target_id: chosen = null } = bodyOf(request);
      const row = await pauseTarget(deps, callerOf(request).tenantId, idOf(request), chosen, contextOf(request));
      return jsonAnswer(200, presentWebhook(deps, row));
    }),
  );

  endpoints.post(
    '/webhooks/:id/resume-target',
    'What waits goes out, the oldest first; also what was given up, if that is asked for',
    { answer: webhookSchema, params: idParamsSchema, body: resumeTargetSchema, preValidation: allowNoBody },
    deps.idempotency.wrap(async (request): Promise<Answer> => {
      const { retry_dead: retryDead, target_id: chosen = null } = bodyOf(request);
      const { tenantId } = callerOf(request);
      const id = idOf(request);
      const { row, revivedCount } = await resumeTarget(deps, tenantId, id, chosen, retryDead, contextOf(request));
      return jsonAnswer(200, { ...presentWebhook(deps, row), retried_count: revivedCount });
    }),
  );
}

function bodyOf(request: FastifyRequest) {
  return (request.body ?? {}) as { grace_seconds?: number; retry_dead?: boolean; target_id?: string };
}
