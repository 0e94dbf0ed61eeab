/**
 * Telegram retries by itself for 24 hours, so nothing is collected; the check reports how many updates wait at
 * Telegram, and why. Source: Telegram Bot API, getWebhookInfo.
 */
import type { Outbound } from '../../outbound/http-client.ts';
import { CollectorRefused, callSender } from './call-sender.ts';

export interface TelegramState {
  readonly pending: number;
  readonly lastErrorAt: string | null;
  readonly lastErrorMessage: string | null;
  /** Updates are sent to another address than this webhook's. */
  readonly isElsewhere: boolean;
}

/** Throws `CollectorRefused` and `TransportError`. */
export async function lookAtTelegram(
  outbound: Pick<Outbound, 'request'>,
  bot: { readonly baseUrl: string | null; readonly token: string; readonly webhookUrl: string },
): Promise<TelegramState> {
  const base = (bot.baseUrl ?? 'https://api.telegram.org').replace(/\/+$/, '');
  const { json } = await callSender(outbound, { method: 'GET', url: `${base}/bot${bot.token}/getWebhookInfo` });
  const { ok, result } = (json ?? {}) as { ok?: unknown; result?: Record<string, unknown> };
  if (ok !== true || typeof result !== 'object' || result === null) throw new CollectorRefused(200);
  const { url, pending_update_count, last_error_date, last_error_message } = result;
  return {
    pending: typeof pending_update_count === 'number' ? pending_update_count : 0,
    lastErrorAt: typeof last_error_date === 'number' ? new Date(last_error_date * 1000).toISOString() : null,
    lastErrorMessage: typeof last_error_message === 'string' ? last_error_message.slice(0, 500) : null,
    isElsewhere: url !== bot.webhookUrl,
  };
}
