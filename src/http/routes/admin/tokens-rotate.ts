/** `POST /tokens/{id}/rotate`: a new token with the same grant, and a grace period in which both are valid. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { revokeServiceToken, type ServiceToken, updateServiceToken } from '../../../storage/tables/service-tokens.ts';
import { endpointsOf } from '../../endpoints.ts';
import { answerShownOnce } from '../../reply/answer.ts';
import { checkIfMatch } from '../../request/if-match.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';
import { grantOf, lockOwn, makeToken, noteChange, stateOf } from './tokens.ts';
import { createdSchema, paramsSchema, rotateBody } from './tokens-schemas.ts';

const usualGraceSeconds = 86_400;

export function tokensRotateRoute(
  app: FastifyInstance,
  deps: Pick<AdminRoutesDeps, 'db' | 'idempotency' | 'clock'>,
): void {
  const endpoints = endpointsOf(app, 'tokens', { scope: 'admin' });
  endpoints.post(
    '/tokens/:id/rotate',
    'A new token with the same rights, shown once; the old one ends after the grace',
    {
      answers: { 201: Type.Object({ ...createdSchema.properties, replaces: replacedSchema }) },
      params: paramsSchema,
      body: rotateBody,
    },
    deps.idempotency.wrap(async (request) => {
      const caller = callerOf(request);
      const { grace_seconds: graceSeconds = usualGraceSeconds, ...asked } = request.body as Type.Static<
        typeof rotateBody
      >;
      const nowMs = deps.clock.now();
      const answer = await deps.db.forTenant(caller.tenantId, async (tx) => {
        const old = await lockOwn(tx, request);
        checkIfMatch(request, stateOf(old));
        // Throws if the token has more rights than the caller who rotates it.
        const grant = grantOf(caller, asked, old, nowMs);
        if (grant.expires_at !== null && grant.expires_at.getTime() <= nowMs) {
          throw invalidInput(
            'expires_at',
            'must be given: the old token has expired',
            'укажите срок: прежний токен истёк',
          );
        }
        const made = await makeToken(tx, request, grant, nowMs);
        const endsAt = endOf(old, nowMs + graceSeconds * 1_000);
        const ended =
          graceSeconds === 0
            ? await revokeServiceToken(tx, caller.tenantId, old.id).then(() => null)
            : await updateServiceToken(tx, caller.tenantId, old.id, { ...old, expires_at: endsAt });
        await noteChange(tx, request, nowMs, old, ended);
        return { ...made, replaces: { id: old.id, expires_at: endsAt.toISOString() } };
      });
      return answerShownOnce(201, { ...answer.shown, replaces: answer.replaces }, ['token'], {
        etag: stateOf(answer.row),
      });
    }),
  );
}

const replacedSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  expires_at: Type.String({ format: 'date-time', description: 'Until then the old one is good, too.' }),
});

/** A grace period never extends a token's life. */
function endOf({ expires_at }: ServiceToken, graceEndMs: number): Date {
  return new Date(Math.min(expires_at?.getTime() ?? Number.POSITIVE_INFINITY, graceEndMs));
}
