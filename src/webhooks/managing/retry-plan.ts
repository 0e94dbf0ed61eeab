/** Whether an event can be sent again, to which targets, and the reason if it cannot. */
import { ServiceError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { Queryable } from '../../storage/postgres/database.ts';
import { findWebhook, type WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import {
  listTargetStates,
  type TargetStateRow,
  type WholeWebhookEventRow,
} from '../../storage/tables/webhooks/webhook-events.ts';
import { withoutQuery } from '../delivering/delivery-failed.ts';
import { contentOf, wantingTargets } from '../receiving/identify-delivery.ts';
import { readBody } from '../receiving/read-body.ts';
import { targetsOf } from '../webhook.ts';

/** `target`: only to its targets, not on the bus. `failed`: only to those targets that did not accept it. */
export type RetryTo = 'all' | 'target' | 'failed';

/** Stable: a caller may branch on it. */
export const retryRefusalReasons = [
  'refused',
  'ignored',
  'waiting_for_limit',
  'no_target',
  'not_wanted',
  'target_removed',
  'nothing_failed',
] as const;

export interface RetryRefusal {
  readonly reason: (typeof retryRefusalReasons)[number];
  readonly message: string;
  readonly message_ru: string;
}

/** A current target of the webhook. */
export interface RetryTarget {
  readonly id: string;
  /** Without its query, which may hold secrets. */
  readonly url: string;
  /** Deliveries wait until it is resumed. */
  readonly isPaused: boolean;
  /** The state of the event at this target; null: it was never sent there. */
  readonly status: string | null;
}

export interface RetryPlan {
  /** null: it can be sent again. */
  readonly refusal: RetryRefusal | null;
  /** Targets whose filter matches the event. */
  readonly targets: readonly RetryTarget[];
  /** All targets of the webhook. */
  readonly current: readonly RetryTarget[];
  readonly states: readonly TargetStateRow[];
}

export async function planRetry(tx: Queryable, tenantId: TenantId, row: WholeWebhookEventRow): Promise<RetryPlan> {
  const webhook = await findWebhook(tx, tenantId, row.webhook_id);
  const states = await listTargetStates(tx, tenantId, row.id);
  const current = webhook === null ? [] : currentTargets(webhook, states);
  const wanting = webhook === null ? [] : wantingIds(webhook, row);
  return {
    refusal: refusalOf(row),
    targets: current.filter(({ id }) => wanting.includes(id)),
    current,
    states,
  };
}

/** The targets that a request means. Throws `CONFLICT` with a `reason` if there are none. */
export function chooseTargets(plan: RetryPlan, to: RetryTo, targetId: string | undefined): readonly RetryTarget[] {
  if (plan.refusal !== null) throw refused(plan.refusal);
  if (targetId !== undefined) {
    const chosen = plan.targets.filter(({ id }) => id === targetId);
    if (chosen.length > 0) return chosen;
    throw refused(plan.current.some(({ id }) => id === targetId) ? notWanted : targetRemoved);
  }
  if (to === 'all') return plan.targets;
  if (plan.targets.length === 0) throw refused(plan.current.length === 0 ? noTarget : notWanted);
  if (to === 'target') return plan.targets;
  const failed = plan.targets.filter(({ status }) => status === 'dead' || status === 'cancelled');
  if (failed.length === 0) throw refused(nothingFailed);
  return failed;
}

function refused({ reason, message, message_ru }: RetryRefusal): ServiceError {
  return new ServiceError('CONFLICT', message, { extra: { reason, detail_ru: message_ru } });
}

function refusalOf({ status, refusal_reason, is_waiting }: WholeWebhookEventRow): RetryRefusal | null {
  if (status === 'refused') {
    const reason = refusal_reason ?? '–';
    return {
      reason: 'refused',
      message: `This delivery was refused (${reason}): there is nothing to send. Once the reason is fixed, accept it after all, for 24 hours, or let its sender send it again.`,
      message_ru: `Доставка отклонена (${reason}): отправлять нечего. Устраните причину и примите её (24 часа) или попросите отправителя повторить.`,
    };
  }
  if (status === 'ignored') return ignored;
  // It has its own place in the queue: sent now, it would go out twice.
  return status === 'deferred' && is_waiting ? waitingForLimit : null;
}

const ignored: RetryRefusal = {
  reason: 'ignored',
  message: 'This delivery was ignored: its type is not among the webhook’s event types, and nothing of it was kept.',
  message_ru: 'Доставка пропущена: её тип не входит в типы событий вебхука, и её содержимое не сохранено.',
};
const waitingForLimit: RetryRefusal = {
  reason: 'waiting_for_limit',
  message: 'This delivery came over the limit and waits for its turn: it goes out by itself, once.',
  message_ru: 'Доставка пришла сверх лимита и ждёт очереди: она уйдёт сама, один раз.',
};
const noTarget: RetryRefusal = {
  reason: 'no_target',
  message: 'The webhook of this event has no target.',
  message_ru: 'У вебхука этого события нет получателей.',
};
const notWanted: RetryRefusal = {
  reason: 'not_wanted',
  message: 'The target does not want this event: its types or conditions leave it out.',
  message_ru: 'Получателю это событие не нужно: его типы или условия его исключают.',
};
const targetRemoved: RetryRefusal = {
  reason: 'target_removed',
  message: 'The webhook has no such target any more: what was on its way there is cancelled.',
  message_ru: 'Такого получателя у вебхука больше нет: пересылка ему отменена.',
};
const nothingFailed: RetryRefusal = {
  reason: 'nothing_failed',
  message: 'Every target took this event, or is still being tried.',
  message_ru: 'Все получатели приняли это событие, или попытки ещё идут.',
};

function currentTargets(webhook: WebhookConfigRow, states: readonly TargetStateRow[]): RetryTarget[] {
  const statusOf = (id: string) => states.find((state) => state.target_id === id)?.status ?? null;
  const { id, target_url: url, config, further_targets: further } = webhook;
  const own =
    url === null ? [] : [{ id, url: withoutQuery(url), isPaused: config.target_paused === true, status: statusOf(id) }];
  const others = (further ?? []).map((target) => ({
    id: target.id,
    url: withoutQuery(target.url),
    isPaused: target.paused,
    status: statusOf(target.id),
  }));
  return [...own, ...others];
}

function wantingIds(webhook: WebhookConfigRow, row: WholeWebhookEventRow): readonly string[] {
  const targets = targetsOf(webhook);
  const isPlain = targets.every(({ conditions, eventTypes }) => conditions.length === 0 && eventTypes.includes('*'));
  if (isPlain) return targets.map(({ id }) => id);
  const body = row.payload ?? Buffer.alloc(0);
  const headers = row.headers ?? {};
  const content = contentOf(headers, body, readBody(body, row.content_type, headers['content-encoding']));
  return wantingTargets(targets, row.event_type === null ? [] : [row.event_type], content);
}
