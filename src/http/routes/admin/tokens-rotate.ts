/** `POST /tokens/{id}/rotate`: a new token with the same grant, and a grace period in which both are valid. */
import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import { invalidInput } from '../../../errors.ts';
import { newId } from '../../../ids.ts';
import { hashToken } from '../../../secrets/token-hash.ts';
import { insertConfigurationChange } from '../../../storage/tables/audit/configuration-audit.ts';
import {
  insertServiceToken,
  revokeServiceToken,
  type ServiceToken,
  updateServiceToken,
} from '../../../storage/tables/service-tokens.ts';
import type { Routes } from '../../app.ts';
import { answerShownOnce } from '../../reply/answer.ts';
import { checkIfMatch } from '../../request/if-match.ts';
import { callerOf } from '../../request/request-context.ts';
import { changeOf, grantOf, lockOwn, renderToken, stateOf, type TokenRoutesDeps, tokenAccess } from './tokens.ts';
import { createdSchema, paramsSchema, rotateBody } from './tokens-schemas.ts';

const usualGraceSeconds = 86_400;

export function tokensRotateRoute(deps: TokenRoutesDeps): Routes {
  return (app) => {
    app.post(
      '/tokens/:id/rotate',
      {
        config: {
          ...tokenAccess,
          answers: { 201: Type.Object({ ...createdSchema.properties, replaces: replacedSchema }) },
        },
        schema: {
          tags: ['tokens'],
          summary: 'A new token with the same rights, shown once; the old one ends after the grace',
          params: paramsSchema,
          body: rotateBody,
        },
      },
      deps.idempotency.wrap(async (request) => {
        const caller = callerOf(request);
        const { grace_seconds: graceSeconds = usualGraceSeconds, ...asked } = request.body as Type.Static<
          typeof rotateBody
        >;
        const nowMs = deps.clock.now();
        const token = `is_${randomBytes(32).toString('base64url')}`;
        const answer = await deps.db.forTenant(caller.tenantId, async (tx) => {
          const old = await lockOwn(tx, request);
          checkIfMatch(request, stateOf(old));
          // Throws if the token has more rights than the caller who rotates it.
          const grant = grantOf(caller, asked, old, nowMs);
          if (grant.expiresAt !== null && grant.expiresAt.getTime() <= nowMs) {
            throw invalidInput('expires_at', 'must be given: the old token has expired');
          }
          const made = await insertServiceToken(tx, caller.tenantId, {
            id: newId(nowMs),
            tokenSha256: hashToken(token),
            createdBy: caller.principal.name.slice(0, 200),
            ...grant,
          });
          const endsAt = endOf(old, nowMs + graceSeconds * 1_000);
          const ended =
            graceSeconds === 0
              ? await revokeServiceToken(tx, caller.tenantId, old.id).then(() => null)
              : await updateServiceToken(tx, caller.tenantId, old.id, { ...old, expiresAt: endsAt });
          await insertConfigurationChange(tx, caller.tenantId, {
            ...changeOf(request, made.id, nowMs),
            action: 'created',
            before: null,
            after: renderToken(made),
            changedSecrets: ['token'],
          });
          await insertConfigurationChange(tx, caller.tenantId, {
            ...changeOf(request, old.id, nowMs),
            action: ended === null ? 'deleted' : 'changed',
            before: renderToken(old),
            after: ended === null ? null : renderToken(ended),
            changedSecrets: [],
          });
          return { made, replaces: { id: old.id, expires_at: endsAt.toISOString() } };
        });
        return answerShownOnce(201, { ...renderToken(answer.made), token, replaces: answer.replaces }, ['token'], {
          etag: stateOf(answer.made),
        });
      }),
    );
  };
}

const replacedSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  expires_at: Type.String({ format: 'date-time', description: 'Until then the old one is good, too.' }),
});

/** A grace period never extends a token's life. */
function endOf({ expiresAt }: ServiceToken, graceEndMs: number): Date {
  return new Date(Math.min(expiresAt?.getTime() ?? Number.POSITIVE_INFINITY, graceEndMs));
}
