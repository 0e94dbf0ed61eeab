import { body, defineSource } from '../source.ts';

/** Telegram Bot API, setWebhook; "Marvin's Marvellous Guide to All Things Webhook" for the ranges. */
export const telegram = defineSource({
  title: 'Telegram',
  documentationUrl: 'https://core.telegram.org/bots/api#setwebhook',
  setUp: 'Call setWebhook with the URL as url and the secret as secret_token.',
  setUpRu: 'Вызовите setWebhook с адресом как url и секретом как secret_token.',
  signatureScheme: 'telegram',
  signatureHeader: 'X-Telegram-Bot-Api-Secret-Token',
  secretFrom: 'us',
  // At most one member beside `update_id` is present (Bot API, Update).
  eventTypeFrom: [{ in: 'member name', except: 'update_id' }],
  deliveryIdFrom: [body('update_id')],
  publishedRanges: ['149.154.160.0/20', '91.108.4.0/22'],
  retries: {
    timeoutSeconds: null,
    description:
      'Any 2xx is success; else repeated at once, then after 2, 4, 8 … s for 24 hours. Retry-After is honoured.',
  },
  sampleBody:
    '{"update_id":10000,"message":{"message_id":1365,"date":1441645532,"chat":{"id":1111111,"type":"private","first_name":"Test"},"from":{"id":1111111,"is_bot":false,"first_name":"Test"},"text":"/start"}}',
});
