import { createHmac } from 'node:crypto';

/**
 * The three headers of Standard Webhooks (spec/standard-webhooks.md): the id is the same over all tries, the time and the
 * signature are new with each. `secret` is `whsec_` and base64.
 */
export function signDelivery(
  secret: string,
  id: string,
  nowMs: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
