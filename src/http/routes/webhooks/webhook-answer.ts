/** Renders a webhook for a reply: its members, the secrets that a change created, and its ETag. */
import type { FastifyReply } from 'fastify';
import type { WebhookConfigRow } from '../../../storage/tables/webhooks/webhook-configs.ts';
import type { ChangedWebhook } from '../../../webhooks/managing/manage-webhooks.ts';
import { presentWebhook } from '../../../webhooks/managing/present-webhook.ts';
import { etagOf } from '../../request/if-match.ts';

/** The state that an admin changes, without what deliveries and receptions change. */
export function stateOf(row: WebhookConfigRow): string {
  const {
    target_off_at: _offAt,
    target_off_reason: _offReason,
    last_received_at: _receivedAt,
    total_received: _received,
    total_successful: _successful,
    total_failed: _failed,
    updated_at: _updatedAt,
    further_targets: targets,
    ...state
  } = row;
  const further = (targets ?? []).map(({ off_at: _at, off_reason: _reason, ...target }) => target);
  return etagOf({ ...state, further });
}

/** Members that show a new secret once: a repetition omits them. */
export const shownOnce = ['secret_key', 'target_secret', 'target_secrets', 'verify_token'];

export function presentChanged(deps: Parameters<typeof presentWebhook>[0], changed: ChangedWebhook) {
  const { row, madeSecret, madeTargetSecret, madeVerifyToken, madeSecretsOfTargets } = changed;
  return {
    ...presentWebhook(deps, row),
    ...(madeSecretsOfTargets.size === 0 ? {} : { target_secrets: Object.fromEntries(madeSecretsOfTargets) }),
    ...(madeSecret === null ? {} : { secret_key: madeSecret }),
    ...(madeVerifyToken === null ? {} : { verify_token: madeVerifyToken }),
    ...(madeTargetSecret === null ? {} : { target_secret: madeTargetSecret }),
  };
}

export function withState<Shown>(reply: FastifyReply, row: WebhookConfigRow, shown: Shown): Shown {
  reply.header('etag', stateOf(row));
  return shown;
}
