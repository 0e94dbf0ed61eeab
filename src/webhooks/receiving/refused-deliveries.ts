/** Stores a refused delivery in full for 24 hours, sealed. */
import type { TenantId } from '../../ids.ts';
import type { WebhookEventRecord } from '../../intake/intake.ts';
import type { Keyring, SealBinding } from '../../secrets/keyring.ts';
import type { RefusedBody } from '../../storage/tables/webhooks/webhook-refused-bodies.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';

export interface RefusedDelivery
  extends Pick<
    WebhookEventRecord,
    'id' | 'tenantId' | 'webhookId' | 'contentType' | 'sourceAddress' | 'requestId' | 'receivedAtMs'
  > {
  readonly headers: DeliveryHeaders;
  readonly body: Buffer;
}

/** Larger bodies are not kept: unverified data must not fill the disk. */
export const maxKeptBytes = 1024 * 1024;

export function sealRefused(keyring: Pick<Keyring, 'sealBytes'>, delivery: RefusedDelivery): RefusedBody {
  const { id, tenantId, webhookId, body, receivedAtMs, ...rest } = delivery;
  const head = Buffer.from(JSON.stringify({ ...rest, receivedAtMs }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  const sealed = keyring.sealBytes(Buffer.concat([length, head, body]), bindingOf(tenantId, id));
  return { id, tenantId, webhookId, sealed, refusedAtMs: receivedAtMs };
}

/** Throws `SealBroken`. */
export function openRefused(
  keyring: Pick<Keyring, 'openBytes'>,
  tenantId: TenantId,
  id: string,
  { webhook_id: webhookId, sealed }: { readonly webhook_id: string; readonly sealed: Buffer },
): RefusedDelivery {
  const plain = keyring.openBytes(sealed, bindingOf(tenantId, id));
  const bodyStart = 4 + plain.readUInt32BE(0);
  const head = JSON.parse(plain.toString('utf8', 4, bodyStart)) as Omit<
    RefusedDelivery,
    'id' | 'tenantId' | 'webhookId' | 'body'
  >;
  return { id, tenantId, webhookId, ...head, body: plain.subarray(bodyStart) };
}

function bindingOf(tenantId: TenantId, id: string): SealBinding {
  return { table: 'webhook_refused_bodies', rowId: id, tenantId, column: 'sealed' };
}
