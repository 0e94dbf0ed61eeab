import { body, defineSource, header, mebibyte, withDetail } from '../source.ts';

/**
 * GitLab Docs, "Webhooks". Its signing token (whsec_…) is Standard Webhooks: set `signature_scheme` to
 * `standard_webhooks` for it.
 */
export const gitlab = defineSource({
  title: 'GitLab',
  documentationUrl: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
  setUp: 'Settings → Webhooks: the URL, and the secret as secret token.',
  setUpRu: 'Settings → Webhooks: адрес, а секрет как secret token.',
  signatureScheme: 'header_token',
  signatureHeader: 'X-Gitlab-Token',
  secretFrom: 'us',
  eventTypeFrom: [
    withDetail(body('object_kind'), body('object_attributes.action')),
    body('event_name'),
    header('x-gitlab-event'),
  ],
  deliveryIdFrom: [header('webhook-id'), header('idempotency-key'), header('x-gitlab-event-uuid')],
  maxPayloadSizeBytes: 25 * mebibyte,
  overLimitPolicy: 'defer',
  retries: {
    timeoutSeconds: 10,
    description:
      'Any 2xx is success; a failure is repeated by hand, and four in a row switch the hook off for a while.',
  },
  sampleHeaders: {
    'x-gitlab-event': 'Push Hook',
    'x-gitlab-event-uuid': '13792a34-cac6-4fda-95a8-c58e00a3954e',
    'idempotency-key': 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f',
  },
  sampleBody:
    '{"object_kind":"push","event_name":"push","ref":"refs/heads/main","checkout_sha":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","user_name":"Test","project":{"id":15,"path_with_namespace":"group/project"},"commits":[],"total_commits_count":0}',
});
