import { body, defineSource } from '../source.ts';

/** The sender's specification, UK-WEBHOOK-SENDER-SERVICE-TZ: deterministic event ids, three tries in seconds. */
export const infrasafe = defineSource({
  title: 'InfraSafe',
  documentationUrl: null,
  setUp: 'Set the URL and the secret in the sender’s settings.',
  setUpRu: 'Укажите адрес и секрет в настройках отправителя.',
  signatureScheme: 'timestamped_hmac',
  signatureHeader: 'x-webhook-signature',
  secretFrom: 'us',
  eventTypeFrom: [body('event')],
  deliveryIdFrom: [body('event_id')],
  retries: {
    timeoutSeconds: 10,
    description: 'Only 200 is success; 429 and 5xx are repeated three times within seconds, 401 and 403 never.',
  },
  sampleBody:
    '{"event_id":"5f0c7a52-8c0e-5b6a-9d1f-2f6d0b1c7e11","event":"building.created","timestamp":"2026-11-22T07:30:00Z","building":{"id":17,"address":"Ташкент, Чиланзар, 9-й квартал, 12"}}',
});
