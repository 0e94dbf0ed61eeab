/** A webhook with its version, as it is read and as a change answers it. */
import type { Api } from '../../api/client.ts';
import type { Webhook } from '../../api/types.ts';

export interface Loaded {
  readonly webhook: Webhook;
  /** Of what an admin changes: deliveries leave it as it is. */
  readonly etag: string | null;
}

export async function readWebhook(api: Api, id: string, signal: AbortSignal): Promise<Loaded> {
  const { body, headers } = await api.ask<Webhook>('GET', `/webhooks/${id}`, { signal });
  return { webhook: body, etag: headers.get('etag') };
}

interface Changed {
  /** With the secrets that the change made: they are shown once. */
  readonly made: Webhook;
  /** The webhook as it is now. An answer without a version keeps the one before, which then guards against saving over it. */
  readonly onto: (before: Loaded) => Loaded;
}

/** `action` is a path below the webhook's own; without it the webhook itself is changed, from the version of `etag`. */
export async function changeWebhook(
  api: Api,
  id: string,
  body: Record<string, unknown>,
  { action, etag = null }: { action?: string; etag?: string | null } = {},
): Promise<Changed> {
  const path = `/webhooks/${id}${action === undefined ? '' : `/${action}`}`;
  const { body: made, headers } = await api.ask<Webhook>(action === undefined ? 'PATCH' : 'POST', path, {
    body,
    headers: etag === null ? {} : { 'if-match': etag },
  });
  const { secret_key: _key, target_secret: _one, target_secrets: _all, verify_token: _token, ...webhook } = made;
  return { made, onto: (before) => ({ webhook, etag: headers.get('etag') ?? before.etag }) };
}
