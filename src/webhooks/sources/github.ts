import { body, defineSource, header, mebibyte, withDetail } from '../source.ts';

/**
 * GitHub Docs, "Webhook events and payloads": 25 MB at most; "Handling failed webhook deliveries": no automatic
 * retries. Its ranges are published at api.github.com/meta and change, so none are listed here.
 */
export const github = defineSource({
  title: 'GitHub',
  documentationUrl: 'https://docs.github.com/webhooks',
  setUp: 'Settings → Webhooks → Add webhook: the URL as payload URL, application/json, and the secret.',
  setUpRu: 'Settings → Webhooks → Add webhook: адрес как payload URL, application/json и секрет.',
  signatureScheme: 'github',
  signatureHeader: 'X-Hub-Signature-256',
  secretFrom: 'us',
  eventTypeFrom: [withDetail(header('x-github-event'), body('action'))],
  deliveryIdFrom: [header('x-github-delivery')],
  maxPayloadSizeBytes: 25 * mebibyte,
  overLimitPolicy: 'defer',
  retries: {
    timeoutSeconds: 10,
    description: 'Never repeats by itself; a delivery is sent again by hand or through the API, under the same id.',
  },
  sampleHeaders: { 'x-github-event': 'issues', 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
  sampleBody:
    '{"action":"opened","issue":{"id":1,"number":17,"title":"The lift stands still","state":"open"},"repository":{"id":2,"full_name":"owner/name"},"sender":{"login":"octocat","id":3}}',
});
