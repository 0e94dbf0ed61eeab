import { defineSource, header, mebibyte } from '../source.ts';

/** Shopify, "Webhooks: verify deliveries", "Webhook structure". */
export const shopify = defineSource({
  title: 'Shopify',
  documentationUrl: 'https://shopify.dev/docs/apps/build/webhooks',
  setUp: 'Subscribe to the topics with the URL, and give the app’s client secret here as secret_key.',
  setUpRu: 'Подпишитесь на темы с этим адресом и укажите client secret приложения здесь как secret_key.',
  signatureScheme: 'hmac_base64',
  signatureHeader: 'X-Shopify-Hmac-Sha256',
  secretFrom: 'sender',
  eventTypeFrom: [header('x-shopify-topic')],
  deliveryIdFrom: [header('x-shopify-webhook-id')],
  maxPayloadSizeBytes: 5 * mebibyte,
  retries: {
    timeoutSeconds: 5,
    description: 'Any 2xx is success, a redirect is none; else repeated eight times over four hours, then removed.',
  },
  sampleHeaders: {
    'x-shopify-topic': 'orders/create',
    'x-shopify-shop-domain': 'test.myshopify.com',
    'x-shopify-api-version': '2026-07',
    'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    'x-shopify-event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5',
    'x-shopify-triggered-at': '2026-11-22T07:30:00.123456789Z',
  },
  sampleBody:
    '{"id":820982911946154508,"email":"test@example.com","created_at":"2026-11-22T07:30:00-05:00","total_price":"403.00","line_items":[]}',
});
