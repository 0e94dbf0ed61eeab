import { body, defineSource, together } from '../source.ts';

/** YooKassa Docs, "Notifications": nothing is signed, its addresses vouch for it. yoomoney/yookassa-sdk-python, security helper. */
export const yookassa = defineSource({
  title: 'YooKassa',
  documentationUrl: 'https://yookassa.ru/developers/using-api/webhooks',
  setUp: 'Integration → HTTP notifications: the URL. Ask for the payment again before you trust what it says.',
  setUpRu: 'Интеграция → HTTP-уведомления: адрес. Прежде чем верить сообщению, запросите платёж ещё раз.',
  signatureScheme: 'none',
  signatureHeader: null,
  secretFrom: 'none',
  eventTypeFrom: [body('event')],
  deliveryIdFrom: [together(body('event'), body('object.id'))],
  publishedRanges: [
    '185.71.76.0/27',
    '185.71.77.0/27',
    '77.75.153.0/25',
    '77.75.156.11/32',
    '77.75.156.35/32',
    '77.75.154.128/25',
    '2a02:5180::/32',
  ],
  isKnownByAddress: true,
  retries: { timeoutSeconds: null, description: '200 is success; else repeated for 24 hours.' },
  sampleBody:
    '{"type":"notification","event":"payment.succeeded","object":{"id":"22d6d597-000f-5000-9000-145f6df21d6f","status":"succeeded","paid":true,"amount":{"value":"2.00","currency":"RUB"},"test":false}}',
});
