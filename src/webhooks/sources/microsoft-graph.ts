import { body, defineSource, type HandshakeReply, mebibyte, plain } from '../source.ts';

const refusal: HandshakeReply = { status: 403, contentType: 'text/plain; charset=utf-8', body: '' };
/** Opaque, and decoded by the URL's own rules; Microsoft's tokens are printable text. */
const tokenPattern = /^[\x20-\x7e]{1,1000}$/;

/** Microsoft Graph, "Receive change notifications through webhooks" (notificationUrl validation, clientState). */
export const microsoftGraph = defineSource({
  title: 'Microsoft Graph',
  documentationUrl: 'https://learn.microsoft.com/graph/change-notifications-delivery-webhooks',
  setUp: 'Create the subscription with the URL as notificationUrl and the secret as clientState.',
  setUpRu: 'Создайте подписку с адресом как notificationUrl и секретом как clientState.',
  signatureScheme: 'microsoft_graph',
  signatureHeader: null,
  secretFrom: 'us',
  eventTypeFrom: [body('value.*.lifecycleEvent'), body('value.*.changeType')],
  deliveryIdFrom: [],
  maxPayloadSizeBytes: 4 * mebibyte,
  handshake: {
    description: 'A POST with validationToken in its query is answered with the token, decoded.',
    onPost(query) {
      const token = query.get('validationToken');
      if (token === null) return null;
      return tokenPattern.test(token) ? plain(token) : refusal;
    },
  },
  retries: {
    timeoutSeconds: 3,
    description: 'Any 2xx within 3 s is success; else repeated for four hours, and slow receivers are throttled.',
  },
  sampleBody:
    '{"value":[{"id":"lsgTZMr9KwAAA","subscriptionId":"8f2f2c52-3b9a-4c9e-8a52-5a7b0f0d7c11","subscriptionExpirationDateTime":"2026-11-25T11:00:00Z","clientState":"{secret}","changeType":"created","resource":"users/622eaaff-0683-4862-9de4-f2ec83c2bd98/messages/AAMkAGUwNjQ4ZjIxAAA=","tenantId":"84bd8158-6d4d-4958-8b9f-9d6445542f95"}]}',
});
