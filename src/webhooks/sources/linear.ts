import { body, defineSource, header, mebibyte, withDetail } from '../source.ts';

/** Linear Developers, "Webhooks"; @linear/sdk, webhooks module. The signed time is a member of the body. */
export const linear = defineSource({
  title: 'Linear',
  documentationUrl: 'https://linear.app/developers/webhooks',
  setUp: 'Settings → API → Webhooks: the URL; the signing secret is the secret_key here.',
  setUpRu: 'Settings → API → Webhooks: адрес; signing secret укажите здесь как secret_key.',
  signatureScheme: 'linear',
  signatureHeader: 'Linear-Signature',
  toleranceSeconds: 60,
  secretFrom: 'sender',
  eventTypeFrom: [withDetail(body('type'), body('action')), header('linear-event')],
  deliveryIdFrom: [header('linear-delivery')],
  maxPayloadSizeBytes: 5 * mebibyte,
  retries: {
    timeoutSeconds: 5,
    description: '200 is success; else repeated after a minute, an hour and six hours, then the hook may be disabled.',
  },
  sampleHeaders: { 'linear-delivery': '234d1a4e-b617-4388-90fe-adc3633d6b72', 'linear-event': 'Issue' },
  sampleBody:
    '{"action":"create","type":"Issue","createdAt":"2026-11-22T07:30:00.000Z","data":{"id":"539068e2-ae88-4d09-bd75-22eb4a59612f","title":"The lift stands still"},"url":"https://linear.app/issue/LIN-1","webhookTimestamp":{now_ms},"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"}',
});
