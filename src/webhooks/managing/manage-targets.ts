/** A webhook's target: paused and resumed, its secret rotated with an overlap, caught up after it was repaired. */
import { ServiceError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import { switchTargetOn, type WebhookConfigRow } from '../../storage/tables/webhook-configs.ts';
import { reviveDeadDeliveries } from '../../storage/tables/webhook-deliveries.ts';
import { type ChangeContext, type ManageWebhooksDeps, updateWebhookRow } from './manage-webhooks.ts';
import { makeStandardSecret, openFor, sealFor } from './webhook-secrets.ts';

/** Deliveries wait, in order, until it is resumed. Throws `NOT_FOUND`, and `CONFLICT` without a target. */
export function pauseTarget(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  context: ChangeContext,
): Promise<WebhookConfigRow> {
  return updateWebhookRow(deps, tenantId, id, context, (current) => {
    requireTarget(current);
    return { ...current, config: { ...current.config, target_paused: true } };
  });
}

/**
 * What waits goes out, the oldest first; with `retryDead` also what was given up, which is usual where the target was switched
 * off by itself. Throws as `pauseTarget` does.
 */
export async function resumeTarget(
  deps: ManageWebhooksDeps & { onTargetDelivery(): void },
  tenantId: TenantId,
  id: string,
  retryDead: boolean | undefined,
  context: ChangeContext,
): Promise<{ readonly row: WebhookConfigRow; readonly revivedCount: number }> {
  let wasOff = false;
  const row = await updateWebhookRow(deps, tenantId, id, context, (current) => {
    requireTarget(current);
    wasOff = current.target_off_at !== null;
    const { target_paused: _paused, ...config } = current.config;
    return { ...current, config };
  });
  const revivedCount = await deps.db.forTenant(tenantId, async (tx) => {
    await switchTargetOn(tx, tenantId, id);
    return (retryDead ?? wasOff) ? reviveDeadDeliveries(tx, tenantId, id) : 0;
  });
  deps.noteChange(id);
  deps.onTargetDelivery();
  return { row: { ...row, target_off_at: null, target_off_reason: null }, revivedCount };
}

/** Both secrets sign for `graceSeconds`. Throws as `pauseTarget` does. */
export async function rotateTargetSecret(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  graceSeconds: number,
  context: ChangeContext,
): Promise<{ readonly row: WebhookConfigRow; readonly secret: string }> {
  const secret = makeStandardSecret();
  const row = await updateWebhookRow(deps, tenantId, id, context, (current) => {
    requireTarget(current);
    const hasGrace = graceSeconds > 0 && current.target_secret !== null;
    const old = hasGrace ? openFor(deps.keyring, current, 'target_secret', current.target_secret as string) : null;
    return {
      ...current,
      target_secret: sealFor(deps.keyring, current, 'target_secret', secret),
      previous_target_secret: old === null ? null : sealFor(deps.keyring, current, 'previous_target_secret', old),
      previous_target_secret_until: old === null ? null : new Date(deps.clock.now() + graceSeconds * 1000),
    };
  });
  return { row, secret };
}

function requireTarget({ target_url }: WebhookConfigRow): void {
  if (target_url === null) throw new ServiceError('CONFLICT', 'The webhook has no target.');
}
