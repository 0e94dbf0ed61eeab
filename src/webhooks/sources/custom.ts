import { body, defineSource, header } from '../source.ts';

/** Any sender that signs its bodies with HMAC-SHA256; the defaults of every unknown `source_service`. */
export const custom = defineSource({
  title: 'Custom',
  documentationUrl: null,
  setUp: 'Sign each body with HMAC-SHA256 and the secret, and put the hexadecimal digest into X-Webhook-Signature.',
  setUpRu:
    'Подписывайте каждое тело HMAC-SHA256 с секретом и кладите шестнадцатеричный результат в X-Webhook-Signature.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Webhook-Signature',
  secretFrom: 'us',
  // Signed data comes first: anyone can add a header.
  eventTypeFrom: [body('type'), body('event_type'), body('event'), header('x-event-type')],
  deliveryIdFrom: [body('event_id'), body('id'), header('x-delivery-id')],
  retries: { timeoutSeconds: null, description: 'As the sender does it.' },
  sampleBody: '{"type":"order.paid","event_id":"order-17-paid","total":120000}',
});
