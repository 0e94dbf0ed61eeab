/** `/webhooks/{id}/…`: new secrets and addresses, a trial of what its sender sends, and pauses of its target. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { type AcceptDeps, sendTestEvent } from '../../../webhooks/managing/accept-refused.ts';
import { explainSignature } from '../../../webhooks/managing/explain-signature.ts';
import { pauseTarget, resumeTarget, rotateTargetSecret } from '../../../webhooks/managing/manage-targets.ts';
import { type ManageWebhooksDeps, rotateSecret, rotateToken } from '../../../webhooks/managing/manage-webhooks.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { webhookOfRow } from '../../../webhooks/webhook.ts';
import { endpointsOf } from '../../endpoints.ts';
import { type Answer, answerShownOnce, jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf, contextOf } from '../../request/request-context.ts';
import { receptionSchema } from './events-schemas.ts';
import { idParamsSchema } from './schema-parts.ts';
import {
  pauseTargetSchema,
  resumeTargetSchema,
  rotatedTargetSecretSchema,
  rotateTargetSecretSchema,
} from './targets-schemas.ts';
import { shownOnce } from './webhook-answer.ts';
import { findOwn, idOf } from './webhook-request.ts';
import { shownReception } from './webhooks-events.ts';
import { allowNoBody } from './webhooks-input.ts';
import {
  explainSchema,
  explanationSchema,
  rotatedSecretSchema,
  rotatedTokenSchema,
  rotateSecretSchema,
  webhookSchema,
} from './webhooks-schemas.ts';

export interface WebhookActionsDeps extends ManageWebhooksDeps, AcceptDeps {
  readonly db: ManageWebhooksDeps['db'] & AcceptDeps['db'];
  readonly keyring: ManageWebhooksDeps['keyring'] & AcceptDeps['keyring'];
  readonly idempotency: Idempotency;
  onTargetDelivery(): void;
}

const defaultGraceSeconds = 86_400;
/** The size of a body to explain, in base64 at its largest. */
const explainedBodyBytes = 36 * 1024 * 1024;

export function webhookActionRoutes(app: FastifyInstance, deps: WebhookActionsDeps): void {
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

  endpoints.post(
    '/webhooks/:id/test',
    'A sample of its source through everything but the signature, marked test: true',
    { answer: receptionSchema, params: idParamsSchema },
    deps.idempotency.wrap(async (request): Promise<Answer> => {
      const reception = await sendTestEvent(deps, callerOf(request).tenantId, idOf(request), request.id);
      return jsonAnswer(200, shownReception(reception));
    }),
  );

  endpoints.post(
    '/webhooks/:id/explain-signature',
    'Why a signature holds or does not; shows no secret and no expected signature',
    { answer: explanationSchema, bodyLimit: explainedBodyBytes, params: idParamsSchema, body: explainSchema },
    async (request) => {
      const row = await findOwn(deps, callerOf(request).tenantId, idOf(request));
      const given = request.body as Static<typeof explainSchema>;
      if ((given.body === undefined) === (given.body_base64 === undefined)) {
        throw invalidInput(
          'body',
          'must be given, or body_base64, and not both',
          'нужно body или body_base64, но не оба',
        );
      }
      const body =
        given.body === undefined ? Buffer.from(given.body_base64 ?? '', 'base64') : Buffer.from(given.body, 'utf8');
      const headers = Object.fromEntries(
        Object.entries(given.headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      return explainSignature(webhookOfRow(deps.keyring, row), headers, body, deps.clock.now());
    },
  );

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
