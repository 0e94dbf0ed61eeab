/** `/webhooks/{id}/rotate-…`: a new secret, with a grace period in which both are valid, and a new address. */
import type { FastifyInstance } from 'fastify';
import { type ManageWebhooksDeps, rotateSecret, rotateToken } from '../../../webhooks/managing/manage-webhooks.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { endpointsOf } from '../../endpoints.ts';
import { type Answer, answerShownOnce, jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';
import { idParamsSchema } from './schema-parts.ts';
import { shownOnce } from './webhook-answer.ts';
import { contextOf, idOf } from './webhook-request.ts';
import { allowNoBody } from './webhooks-input.ts';
import { rotatedSecretSchema, rotatedTokenSchema, rotateSecretSchema } from './webhooks-schemas.ts';

export interface WebhooksRotateRoutesDeps extends ManageWebhooksDeps {
  readonly idempotency: Idempotency;
}

const defaultGraceSeconds = 86_400;

export function webhooksRotateRoutes(app: FastifyInstance, deps: WebhooksRotateRoutesDeps): void {
  const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
  endpoints.post(
    '/webhooks/:id/rotate-secret',
    'A new secret, shown once; the old one stays good for grace_seconds',
    { answer: rotatedSecretSchema, params: idParamsSchema, body: rotateSecretSchema, preValidation: allowNoBody },
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

  endpoints.post(
    '/webhooks/:id/rotate-token',
    'A new address; the old one ends at once',
    { answer: rotatedTokenSchema, params: idParamsSchema },
    deps.idempotency.wrap(async (request): Promise<Answer> => {
      const row = await rotateToken(deps, callerOf(request).tenantId, idOf(request), contextOf(request));
      return jsonAnswer(200, { webhook_url: presentWebhook(deps, row).webhook_url });
    }),
  );
}
