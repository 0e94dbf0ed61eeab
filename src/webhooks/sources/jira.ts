import { body, defineSource, header, mebibyte } from '../source.ts';

/** Atlassian Developer, "Webhooks" (Jira Cloud platform). */
export const jira = defineSource({
  title: 'Jira',
  documentationUrl: 'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
  setUp: 'System → WebHooks → Create: the URL and the secret.',
  setUpRu: 'System → WebHooks → Create: адрес и секрет.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Hub-Signature',
  secretFrom: 'us',
  eventTypeFrom: [body('webhookEvent')],
  deliveryIdFrom: [header('x-atlassian-webhook-identifier')],
  maxPayloadSizeBytes: 5 * mebibyte,
  retries: {
    timeoutSeconds: 20,
    description: 'Any 2xx is success; 408, 409, 425, 429, 5xx and broken connections are repeated over half an hour.',
  },
  sampleHeaders: { 'x-atlassian-webhook-identifier': '6b1d0c52-a1a8-41a5-95a2-6ff4b6b3d2a1' },
  sampleBody:
    '{"timestamp":1525698237764,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_generic","user":{"displayName":"Test"},"issue":{"id":"10002","key":"ED-1","fields":{"summary":"The lift stands still"}}}',
});
