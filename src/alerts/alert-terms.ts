/** What every alert needs: where it goes, how it is written, and what carries it. */
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Outbound } from '../outbound/http-client.ts';
import { type Alert, type AlertLanguage, renderAlertJson, renderAlertText } from './render-alert.ts';
import type { AlertChannel, AlertChannels } from './send-alert.ts';

export interface AlertTerms {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly metrics: Pick<Metrics, 'alertSettled'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly channels: AlertChannels;
  readonly language: AlertLanguage;
  /** Without a trailing slash: the console's links begin with it. */
  readonly publicBaseUrl: string;
}

export interface NewMessage {
  /** The same over all tries. */
  readonly id: string;
  readonly channel: AlertChannel;
  readonly body: string;
}

/** Tries of one message; about 25 minutes in all. */
export const maxAttempts = 8;

/** One for each channel that is configured. */
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
