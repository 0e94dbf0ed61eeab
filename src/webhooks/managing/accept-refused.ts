/** Accepts a refused delivery after the webhook's secret was corrected. Also sends a webhook's test event. */
import { ServiceError } from '../../errors.ts';
import { isUuid, type TenantId } from '../../ids.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import { findWebhook } from '../../storage/tables/webhooks/webhook-configs.ts';
import {
  deleteRefusedBody,
  deleteRefusedTrace,
  findRefusedBody,
} from '../../storage/tables/webhooks/webhook-refused-bodies.ts';
import { acceptGenuine, verifyEitherForm } from '../receiving/receive-delivery.ts';
import type { ReceiveDeps, Reception } from '../receiving/reception.ts';
import { openRefused } from '../receiving/refused-deliveries.ts';
import { sourceOf } from '../sources/sources.ts';
import { type Webhook, webhookOfRow } from '../webhook.ts';
import { noSuchWebhook } from './manage-webhooks.ts';
import { noSuchEvent, requireEvent } from './read-events.ts';

export interface AcceptDeps {
  readonly db: Pick<Database, 'forTenant' | 'querySystem'>;
  readonly keyring: Pick<Keyring, 'open' | 'openBytes'>;
  readonly receive: ReceiveDeps;
}

/**
 * Accepts it under its own id and time. After a failure in the middle the stored body still exists, and the same call
 * continues. Throws `NOT_FOUND`, and `CONFLICT` if nothing was stored or its signature still does not match.
 */
export async function acceptRefused(deps: AcceptDeps, tenantId: TenantId, id: string): Promise<Reception> {
  if (!isUuid(id)) throw noSuchEvent();
  const { webhook, refused, verdict } = await deps.db.forTenant(tenantId, async (tx) => {
    const kept = await findRefusedBody(tx, tenantId, id);
    if (kept === null) {
      await requireEvent(tx, tenantId, id);
      throw new ServiceError(
        'CONFLICT',
        'The body of this delivery is not stored: only bodies up to 1 MiB, refused for their signature in the last 24 hours, are.',
        {
          publicMessageRu:
            'Тело этой доставки не сохранено: хранятся тела до 1 МиБ, отклонённые из-за подписи за последние 24 часа.',
        },
      );
    }
    const row = await findWebhook(tx, tenantId, kept.webhook_id);
    if (row === null) throw noSuchWebhook();
    const opened = { webhook: webhookOfRow(deps.keyring, row), refused: openRefused(deps.keyring, tenantId, id, kept) };
    const judged = await verifyEitherForm(
      opened.webhook,
      opened.refused.headers,
      opened.refused.body,
      opened.refused.receivedAtMs,
    );
    if (!judged.genuine) {
      throw new ServiceError('CONFLICT', `Its signature does not hold now either (${judged.reason}).`, {
        publicMessageRu: `Подпись не сходится и сейчас (${judged.reason}).`,
      });
    }
    return { ...opened, verdict: judged };
  });
  // No tenant's role may change audit rows.
  await deleteRefusedTrace({ query: deps.db.querySystem }, tenantId, refused);
  const reception = await acceptGenuine(deps.receive, webhook, refused, refused.body, refused.receivedAtMs, verdict, {
    id,
  });
  await deps.db.forTenant(tenantId, (tx) => deleteRefusedBody(tx, tenantId, id));
  return reception;
}

/** Sends a sample of the webhook's source through every step except the signature. Throws `NOT_FOUND`. */
export async function sendTestEvent(
  deps: AcceptDeps,
  tenantId: TenantId,
  webhookId: string,
  requestId: string,
): Promise<Reception> {
  const row = await deps.db.forTenant(tenantId, (tx) => findWebhook(tx, tenantId, webhookId));
  if (row === null) throw noSuchWebhook();
  const webhook: Webhook = webhookOfRow(deps.keyring, row);
  const { sample } = sourceOf(webhook.sourceService);
  const nowMs = deps.receive.clock.now();
  const body = Buffer.from(
    sample.body
      .replace('{now_ms}', String(nowMs))
      .replace('{timestamp}', String(Math.floor(nowMs / 1000)))
      .replace(/\{(secret|token|signature)\}/g, 'test'),
  );
  const headers = { 'content-type': sample.contentType, 'user-agent': 'integration-service test', ...sample.headers };
  const incoming = { headers, contentType: sample.contentType, sourceAddress: null, requestId };
  const unsigned = { genuine: true, matchedSecret: null } as const;
  return acceptGenuine(deps.receive, webhook, incoming, body, nowMs, unsigned, { isTest: true });
}
