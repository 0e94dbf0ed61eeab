import { createHmac } from 'node:crypto';

/**
 * The three headers of Standard Webhooks (spec/standard-webhooks.md): the id is the same for all attempts, time and
 * signature are new each time. `secrets` are `whsec_` and base64; while two overlap, both sign.
 */
export function signDelivery(
  secrets: readonly string[],
  id: string,
  nowMs: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
