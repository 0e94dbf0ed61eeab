/** A webhook for a test, and deliveries to it. */
import assert from 'node:assert/strict';
import { readReply, type TestReply, type TestService } from './service.ts';
import { untilServed } from './wait-for.ts';

export interface TestWebhook {
  readonly id: string;
  /** The URL with the service's own port, whatever its public address is. */
  readonly url: string;
  readonly secret: string;
  /** The secret that signs deliveries to the target; empty without a target. */
  readonly targetSecret: string;
  /** The URL that its sender knows. */
  readonly publicUrl: string;
  /** The token for a sender with a handshake; empty for others. */
  readonly verifyToken: string;
}

/** Created over the API by an admin; the secret is the given one, or the one that was shown. */
export async function startWebhook(
  app: Pick<TestService, 'admin' | 'url'>,
  config: Record<string, unknown>,
): Promise<TestWebhook> {
  const { status, text, json } = await untilServed('the stores to take the webhook', () =>
    app.admin('POST', '/webhooks', config),
  );
  assert.equal(status, 201, text);
  return {
    id: json.id,
    url: `${app.url}${new URL(json.webhook_url).pathname}`,
    secret: (config.secret_key as string | undefined) ?? json.secret_key ?? '',
    publicUrl: json.webhook_url,
    verifyToken: json.verify_token ?? '',
    targetSecret: (config.target_secret as string | undefined) ?? json.target_secret ?? '',
  };
}

export async function postDelivery(
  url: string,
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<TestReply> {
  return readReply(
    await fetch(url, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body), headers }),
  );
}

/** Makes pending attempts due now, as if their pause were over. */
export async function endPauses(app: Pick<TestService, 'database'>): Promise<void> {
  await app.database.db.querySystem({
    text: `update webhook_deliveries set next_attempt_at = now() where state = 'pending'`,
  });
}
