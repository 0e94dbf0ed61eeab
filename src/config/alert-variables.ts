/** The `ALERT_…` variables: where problems are reported. */
import type { Reader } from './config-variables.ts';

export interface AlertVariables {
  readonly telegram: { readonly botToken: string; readonly chatId: string; readonly baseUrl: string } | null;
  /** `secret`: `whsec_` and base64; null: unsigned. */
  readonly webhook: { readonly url: string; readonly secret: string | null } | null;
  readonly language: 'en' | 'ru' | 'both';
}

const minSecretBytes = 24;
const maxSecretBytes = 64;

/** Reads the variables. */
export function readAlerts(read: Reader, problems: string[]): AlertVariables {
  return {
    telegram: readTelegram(read, problems),
    webhook: readWebhook(read, problems),
    language: read.choice('ALERT_LANGUAGE', ['en', 'ru', 'both'], 'both') as AlertVariables['language'],
  };
}

function readTelegram(read: Reader, problems: string[]): AlertVariables['telegram'] {
  const token = read.text('ALERT_TELEGRAM_BOT_TOKEN');
  const chat = read.text('ALERT_TELEGRAM_CHAT_ID');
  const botToken = read.matching(
    'ALERT_TELEGRAM_BOT_TOKEN',
    /^\d+:[A-Za-z0-9_-]{20,}$/,
    'must be the token that BotFather gave',
  );
  const chatId = read.matching(
    'ALERT_TELEGRAM_CHAT_ID',
    /^(?:-?\d{1,20}|@[A-Za-z]\w{3,})$/,
    'must be the number of a chat or the @name of a channel',
  );
  const baseUrl = read.url('ALERT_TELEGRAM_BASE_URL', ['http:', 'https:']) ?? 'https://api.telegram.org';
  if (token !== null && chat === null) {
    problems.push(
      'ALERT_TELEGRAM_CHAT_ID must be set if ALERT_TELEGRAM_BOT_TOKEN is set: a bot needs a chat to write to',
    );
  }
  if (token === null && chat !== null) {
    problems.push('ALERT_TELEGRAM_BOT_TOKEN must be set if ALERT_TELEGRAM_CHAT_ID is set: a bot writes to the chat');
  }
  if (botToken === null || chatId === null) return null;
  return { botToken, chatId, baseUrl: baseUrl.replace(/\/+$/, '') };
}

function readWebhook(read: Reader, problems: string[]): AlertVariables['webhook'] {
  const address = read.text('ALERT_WEBHOOK_URL');
  const url = read.url('ALERT_WEBHOOK_URL', ['http:', 'https:']);
  const secret = read.text('ALERT_WEBHOOK_SECRET');
  if (secret !== null && !isSigningSecret(secret)) {
    problems.push(`ALERT_WEBHOOK_SECRET must be whsec_ and the base64 of ${minSecretBytes} to ${maxSecretBytes} bytes`);
  }
  if (secret !== null && address === null) {
    problems.push('ALERT_WEBHOOK_URL must be set if ALERT_WEBHOOK_SECRET is set: the secret signs only this webhook');
  }
  if (url === null) return null;
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') {
    problems.push('ALERT_WEBHOOK_URL must not contain a user name or password: ALERT_WEBHOOK_SECRET proves the sender');
  }
  return { url, secret };
}

function isSigningSecret(secret: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  if (encoded === undefined) return false;
  const { length } = Buffer.from(encoded, 'base64');
  return length >= minSecretBytes && length <= maxSecretBytes;
}
