import { defineSource, header } from '../source.ts';

/** Atlassian Support, "Manage webhooks", "Event payloads" (Bitbucket Cloud); Data Center sends its id as X-Request-Id. */
export const bitbucket = defineSource({
  title: 'Bitbucket',
  documentationUrl: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/',
  setUp: 'Repository settings → Webhooks → Add webhook: the URL and the secret.',
  setUpRu: 'Repository settings → Webhooks → Add webhook: адрес и секрет.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Hub-Signature',
  secretFrom: 'us',
  eventTypeFrom: [header('x-event-key')],
  deliveryIdFrom: [header('x-request-uuid'), header('x-request-id')],
  retries: { timeoutSeconds: 10, description: 'Any 2xx is success; else repeated twice.' },
  sampleHeaders: {
    'x-event-key': 'repo:push',
    'x-request-uuid': 'c0e8b5e4-2d9b-4f6e-9a83-1a6f6f2d0a11',
    'x-hook-uuid': '1f7b2c55-96ac-44f2-9d43-0f4b8b7a7b10',
    'x-attempt-number': '1',
  },
  sampleBody:
    '{"push":{"changes":[{"new":{"type":"branch","name":"main"},"created":false,"closed":false}]},"actor":{"display_name":"Test"},"repository":{"full_name":"team/repository"}}',
});
