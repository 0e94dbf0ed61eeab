/** Manages a webhook's target: pause, resume, secret rotation with an overlap, redelivery after a repair. */
import { ServiceError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { ChangeContext } from '../../storage/tables/audit/configuration-audit.ts';
import { findWebhook, switchTargetOn, type WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import { reviveDeadDeliveries } from '../../storage/tables/webhooks/webhook-redrives.ts';
import { pauseTargets, resumeTargets, saveTarget } from '../../storage/tables/webhooks/webhook-targets.ts';
import { targetsOf } from '../webhook.ts';
import { type ManageWebhooksDeps, noSuchWebhook, updateWebhookRow } from './manage-webhooks.ts';
import { type FurtherColumn, furtherBindingOf, makeStandardSecret, openFor, sealFor } from './webhook-secrets.ts';

/** A webhook's target by its id; the webhook's own id stands for `target_url`; null: all targets. */
export type ChosenTarget = string | null;

/** Deliveries wait, in order, until it is resumed. Throws `NOT_FOUND`, and `CONFLICT` without such a target. */
export function pauseTarget(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  chosen: ChosenTarget,
  context: ChangeContext,
): Promise<WebhookConfigRow> {
  const change = (current: WebhookConfigRow): WebhookConfigRow => {
    requireTarget(current, chosen);
    if (!meansOwn(current, chosen)) return current;
    return { ...current, config: { ...current.config, target_paused: true } };
  };
  return updateWebhookRow(deps, tenantId, id, context, change, async (tx) => {
    if (chosen !== id) await pauseTargets(tx, tenantId, id, chosen);
  });
}

/**
 * Sends waiting deliveries, oldest first; with `retryDead` also the dead ones, which is the default if the target was
 * switched off automatically. Throws like `pauseTarget`.
 */
export async function resumeTarget(
  deps: ManageWebhooksDeps & { onTargetDelivery(): void },
  tenantId: TenantId,
  id: string,
  chosen: ChosenTarget,
  retryDead: boolean | undefined,
  context: ChangeContext,
): Promise<{ readonly row: WebhookConfigRow; readonly revivedCount: number }> {
  let revivedCount = 0;
  const change = (current: WebhookConfigRow): WebhookConfigRow => {
    requireTarget(current, chosen);
    if (!meansOwn(current, chosen)) return current;
    const { target_paused: _paused, ...config } = current.config;
    return { ...current, config };
  };
  await updateWebhookRow(deps, tenantId, id, context, change, async (tx, current) => {
    const resumed = chosen === id ? [] : await resumeTargets(tx, tenantId, id, chosen);
    if (meansOwn(current, chosen)) {
      await switchTargetOn(tx, tenantId, id);
      resumed.push({ id, was_off: current.target_off_at !== null });
    }
    for (const { id: queueId, was_off: wasOff } of resumed) {
      if (retryDead ?? wasOff) revivedCount += await reviveDeadDeliveries(tx, tenantId, queueId);
    }
  });
  deps.onTargetDelivery();
  const row = await deps.db.forTenant(tenantId, (tx) => findWebhook(tx, tenantId, id));
  if (row === null) throw noSuchWebhook();
  return { row, revivedCount };
}

/**
 * Both secrets sign for `graceSeconds`. Without a choice, rotates the secret of `target_url`. Throws like
 * `pauseTarget`.
 */
export async function rotateTargetSecret(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  chosen: ChosenTarget,
  graceSeconds: number,
  context: ChangeContext,
): Promise<{ readonly secret: string; readonly previousUntil: Date | null }> {
  const secret = makeStandardSecret();
  const until = graceSeconds > 0 ? new Date(deps.clock.now() + graceSeconds * 1000) : null;
  const isOwn = chosen === null || chosen === id;
  const change = (current: WebhookConfigRow): WebhookConfigRow => {
    requireTarget(current, chosen ?? id);
    if (!isOwn) return current;
    const old = openFor(deps.keyring, current, 'target_secret', current.target_secret as string);
    return {
      ...current,
      target_secret: sealFor(deps.keyring, current, 'target_secret', secret),
      previous_target_secret: until === null ? null : sealFor(deps.keyring, current, 'previous_target_secret', old),
      previous_target_secret_until: until,
    };
  };
  await updateWebhookRow(deps, tenantId, id, context, change, async (tx, current) => {
    const target = isOwn ? undefined : current.further_targets?.find((one) => one.id === chosen);
    if (target === undefined) return;
    const seal = (plain: string, column: FurtherColumn) => deps.keyring.seal(plain, furtherBindingOf(target, column));
    const old = deps.keyring.open(target.secret, furtherBindingOf(target, 'secret'));
    await saveTarget(tx, tenantId, id, {
      ...target,
      secret: seal(secret, 'secret'),
      previous_secret: until === null ? null : seal(old, 'previous_secret'),
      previous_secret_until: until?.toISOString() ?? null,
    });
  });
  return { secret, previousUntil: until };
}

function meansOwn({ id, target_url: url }: WebhookConfigRow, chosen: ChosenTarget): boolean {
  return url !== null && (chosen === null || chosen === id);
}

function requireTarget(row: WebhookConfigRow, chosen: ChosenTarget): void {
  const ids = targetsOf(row).map(({ id }) => id);
  if (ids.length === 0 || (chosen !== null && !ids.includes(chosen))) {
    throw new ServiceError(
      'CONFLICT',
      chosen === null ? 'The webhook has no target.' : 'The webhook has no such target.',
      { publicMessageRu: chosen === null ? 'У вебхука нет цели.' : 'У вебхука нет такой цели.' },
    );
  }
}
