/** Settings and types that all alerts share: channels, language, message. */
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Outbound } from '../outbound/http-client.ts';
import { type Alert, type AlertLanguage, renderAlertJson, renderAlertText } from './render-alert.ts';
import type { AlertChannel, AlertChannels } from './send-alert.ts';

/** What all parts of alerts need. */
export interface AlertTerms {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly metrics: Pick<Metrics, 'alertSettled'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly channels: AlertChannels;
  readonly language: AlertLanguage;
  /** Without a trailing slash: the prefix of the console's links. */
  readonly publicBaseUrl: string;
}

export interface NewMessage {
  /** The same for all tries of one message. */
  readonly id: string;
  readonly channel: AlertChannel;
  readonly body: string;
}

/** Maximum tries per message, over about 25 minutes. */
export const maxAttempts = 8;

/** Renders the alert, one message per configured channel. */
export function messagesOf({ channels, language, publicBaseUrl, clock }: AlertTerms, alert: Alert): NewMessage[] {
  const messages: NewMessage[] = [];
  if (channels.telegram !== null) {
    messages.push({ id: newId(), channel: 'telegram', body: renderAlertText(alert, language, publicBaseUrl) });
  }
  if (channels.webhook !== null) {
    const id = newId();
    messages.push({ id, channel: 'webhook', body: renderAlertJson(id, alert, publicBaseUrl, clock.now()) });
  }
  return messages;
}
