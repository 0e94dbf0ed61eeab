/** Sends a message once to one channel, through the guarded client for outgoing HTTP. */
import { parsedJson } from '../encodings/tolerant.ts';
import { TransportError } from '../outbound/exchange.ts';
import type { Outbound } from '../outbound/http-client.ts';
import { signDelivery } from '../webhooks/delivering/sign-delivery.ts';

export interface AlertChannels {
  readonly telegram: { readonly botToken: string; readonly chatId: string; readonly baseUrl: string } | null;
  /** `secret`: `whsec_` and base64; null: unsigned. */
  readonly webhook: { readonly url: string; readonly secret: string | null } | null;
}

export type AlertChannel = keyof AlertChannels;

/** `reason` contains no address, because Telegram's address contains the bot's token. */
export type SendOutcome =
  | { readonly sent: true }
  | { readonly sent: false; readonly reason: string; readonly retryAfterMs: number | null };

const attemptMs = 10_000;
const maxReplyBytes = 65_536;
const maxRetryAfterSeconds = 3_600;

/** Makes one try to send the message. */
export async function sendAlert(
  outbound: Pick<Outbound, 'request'>,
  channels: AlertChannels,
  message: { readonly id: string; readonly channel: string; readonly body: string },
  nowMs: number,
): Promise<SendOutcome> {
  const request = requestOf(channels, message, nowMs);
  if (request === null) return failedFor('this channel is no longer configured');
  try {
    const { status, headers, body } = await outbound.request({
      ...request,
      method: 'POST',
      maxReplyBytes,
      cutsReply: true,
      deadlineAtMs: Date.now() + attemptMs,
    });
    if (status >= 200 && status < 300) return { sent: true };
    const seconds = Math.max(retryAfterOf(body.toString()), Number(headers['retry-after']) || 0);
    return failedFor(`status ${status}`, seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) * 1000 : null);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return failedFor(error.message);
  }
}

function failedFor(reason: string, retryAfterMs: number | null = null): SendOutcome {
  return { sent: false, reason, retryAfterMs };
}

function requestOf(
  { telegram, webhook }: AlertChannels,
  { id, channel, body }: { readonly id: string; readonly channel: string; readonly body: string },
  nowMs: number,
): { url: string; headers: Record<string, string>; body: string } | null {
  const headers = { 'content-type': 'application/json' };
  if (channel === 'telegram' && telegram !== null) {
    return {
      url: `${telegram.baseUrl}/bot${telegram.botToken}/sendMessage`,
      headers,
      // No parse_mode: a name must not be read as markup.
      body: JSON.stringify({ chat_id: telegram.chatId, text: body, link_preview_options: { is_disabled: true } }),
    };
  }
  if (channel === 'webhook' && webhook !== null) {
    const signed = webhook.secret === null ? { 'webhook-id': id } : signDelivery([webhook.secret], id, nowMs, body);
    return { url: webhook.url, headers: { ...headers, ...signed }, body };
  }
  return null;
}

/** Seconds. https://core.telegram.org/bots/api#responseparameters */
function retryAfterOf(body: string): number {
  const reply = parsedJson(body) as { readonly parameters?: { readonly retry_after?: unknown } } | null | undefined;
  return Number(reply?.parameters?.retry_after) || 0;
}
