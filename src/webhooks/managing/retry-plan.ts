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
import { identify } from '../receiving/large-payload.ts';
import { eventTypeSourcesOf, targetsOf } from '../webhook.ts';

/** `target`: only to its targets, not on the bus. `failed`: only to those targets that did not accept it. */
export type RetryTo = 'all' | 'target' | 'failed';

/** Why an event is not sent again, in English and Russian. The names are stable: a caller may branch on them. */
const refusals = {
  ignored: [
    'This delivery was ignored: its type is not among the webhook’s event types, and nothing of it was kept.',
    'Доставка пропущена: её тип не входит в типы событий вебхука, и её содержимое не сохранено.',
  ],
  waiting_for_limit: [
    'This delivery came over the limit and waits for its turn: it goes out by itself, once.',
    'Доставка пришла сверх лимита и ждёт очереди: она уйдёт сама, один раз.',
  ],
  no_target: ['The webhook of this event has no target.', 'У вебхука этого события нет получателей.'],
  not_wanted: [
    'The target does not want this event: its types or conditions leave it out.',
    'Получателю это событие не нужно: его типы или условия его исключают.',
  ],
  target_removed: [
    'The webhook has no such target any more: what was on its way there is cancelled.',
    'Такого получателя у вебхука больше нет: пересылка ему отменена.',
  ],
  nothing_failed: [
    'Every target took this event, or is still being tried.',
    'Все получатели приняли это событие, или попытки ещё идут.',
  ],
} as const;
type Reason = keyof typeof refusals;
export const retryRefusalReasons = ['refused', ...(Object.keys(refusals) as Reason[])] as const;

interface RetryRefusal {
  readonly reason: (typeof retryRefusalReasons)[number];
  readonly message: string;
  readonly message_ru: string;
}

function because(reason: Reason): RetryRefusal {
  const [message, message_ru] = refusals[reason];
  return { reason, message, message_ru };
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
  const wanting = webhook === null ? [] : await wantingIds(webhook, row);
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
    throw refused(because(plan.current.some(({ id }) => id === targetId) ? 'not_wanted' : 'target_removed'));
  }
  if (to === 'all') return plan.targets;
  if (plan.targets.length === 0) throw refused(because(plan.current.length === 0 ? 'no_target' : 'not_wanted'));
  if (to === 'target') return plan.targets;
  const failed = plan.targets.filter(({ status }) => status === 'dead' || status === 'cancelled');
  if (failed.length === 0) throw refused(because('nothing_failed'));
  return failed;
}

function refused({ reason, message, message_ru }: RetryRefusal): ServiceError {
  return new ServiceError('CONFLICT', message, { publicMessageRu: message_ru, extra: { reason } });
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
  if (status === 'ignored') return because('ignored');
  // It has its own place in the queue: sent now, it would go out twice.
  return status === 'deferred' && is_waiting ? because('waiting_for_limit') : null;
}

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

/** All types of the event count: a batch has several, and its row only the first. */
async function wantingIds(webhook: WebhookConfigRow, row: WholeWebhookEventRow): Promise<readonly string[]> {
  const targets = targetsOf(webhook);
  const isPlain = targets.every(({ conditions, eventTypes }) => conditions.length === 0 && eventTypes.includes('*'));
  if (isPlain) return targets.map(({ id }) => id);
  const naming = {
    eventTypeFrom: eventTypeSourcesOf(webhook),
    deliveryIdFrom: [],
    signedHeaders: [],
    targets,
    storedType: row.event_type,
  };
  const identity = await identify(naming, row.headers ?? {}, row.payload ?? Buffer.alloc(0), row.content_type);
  return identity.targets;
}
