import { body, defineSource, header, mebibyte, withDetail } from '../source.ts';

/** Sentry Docs, "Integration Platform: Webhooks". */
export const sentry = defineSource({
  title: 'Sentry',
  documentationUrl: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks/',
  setUp: 'Create an internal integration with the URL as webhook URL; its client secret is the secret_key here.',
  setUpRu: 'Создайте internal integration с адресом как webhook URL; её client secret укажите здесь как secret_key.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'Sentry-Hook-Signature',
  secretFrom: 'sender',
  eventTypeFrom: [withDetail(header('sentry-hook-resource'), body('action'))],
  deliveryIdFrom: [header('request-id')],
  maxPayloadSizeBytes: 5 * mebibyte,
  retries: {
    timeoutSeconds: 1,
    description: 'Any 2xx within a second is success; nothing is repeated, and many time-outs switch the hook off.',
  },
  sampleHeaders: {
    'sentry-hook-resource': 'issue',
    'sentry-hook-timestamp': '1758000000',
    'request-id': 'd8a1f5a0d7a14c1fb5d1a0e5b2c8f911',
  },
  sampleBody:
    '{"action":"created","installation":{"uuid":"a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},"data":{"issue":{"id":"1170820242","title":"Error: test","level":"error"}},"actor":{"type":"application","id":"sentry","name":"Sentry"}}',
});
