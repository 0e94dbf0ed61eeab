import { body, defineSource, header } from '../source.ts';

/** standard-webhooks/standard-webhooks, spec/standard-webhooks.md; Svix sends the same under names of its own. */
export const standardWebhooks = defineSource({
  title: 'Standard Webhooks, Svix',
  documentationUrl: 'https://www.standardwebhooks.com',
  setUp: 'Give the sender the URL and the secret (whsec_…), or set the one that it shows as secret_key.',
  setUpRu: 'Дайте отправителю адрес и секрет (whsec_…) или укажите здесь как secret_key тот, который показывает он.',
  signatureScheme: 'standard_webhooks',
  signatureHeader: 'webhook-signature',
  secretFrom: 'us',
  eventTypeFrom: [body('type')],
  deliveryIdFrom: [header('webhook-id'), header('svix-id')],
  retries: {
    timeoutSeconds: 15,
    description: 'Any 2xx is success; else repeated over some days, as each sender does it.',
  },
  sampleHeaders: { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek' },
  sampleBody:
    '{"type":"contact.created","timestamp":"2026-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}',
});
