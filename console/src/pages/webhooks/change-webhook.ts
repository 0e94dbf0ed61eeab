/** A webhook with its version, as loaded and as returned by a change. */
import type { Api } from '../../api/client.ts';
import type { Webhook } from '../../api/types.ts';

export interface Loaded {
  readonly webhook: Webhook;
  /** The version of the settings; deliveries do not change it. */
  readonly etag: string | null;
}

export async function readWebhook(api: Api, id: string, signal: AbortSignal): Promise<Loaded> {
  const { body, headers } = await api.ask<Webhook>('GET', `/webhooks/${id}`, { signal });
  return { webhook: body, etag: headers.get('etag') };
}

interface Changed {
  /** With the new secrets of this change, which are shown once. */
  readonly made: Webhook;
  /** The webhook after the change. If the answer has no version, the old one stays, and a later save is refused. */
  readonly onto: (before: Loaded) => Loaded;
}

/** `action` is a path below the webhook's; without it, the webhook itself is changed, if its version is still `etag`. */
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
