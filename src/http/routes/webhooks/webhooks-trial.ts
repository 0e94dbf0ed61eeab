/** `/webhooks/{id}/test` and `/explain-signature`: whether a webhook takes what its sender sends. */
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { type AcceptDeps, sendTestEvent } from '../../../webhooks/managing/accept-refused.ts';
import { explainSignature } from '../../../webhooks/managing/explain-signature.ts';
import { webhookOfRow } from '../../../webhooks/webhook.ts';
import { endpointsOf } from '../../endpoints.ts';
import { type Answer, jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';
import { receptionSchema } from './events-schemas.ts';
import { idParamsSchema } from './schema-parts.ts';
import { findOwn, idOf } from './webhook-request.ts';
import { shownReception } from './webhooks-events.ts';
import { explainSchema, explanationSchema } from './webhooks-schemas.ts';

export interface WebhooksTrialRoutesDeps extends AcceptDeps {
  readonly idempotency: Idempotency;
  readonly clock: { now(): number };
}

/** The size of a body to explain, in base64 at its largest. */
const explainedBodyBytes = 36 * 1024 * 1024;

export function webhooksTrialRoutes(app: FastifyInstance, deps: WebhooksTrialRoutesDeps): void {
  const endpoints = endpointsOf(app, 'webhooks', { scope: 'admin' });
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
}
