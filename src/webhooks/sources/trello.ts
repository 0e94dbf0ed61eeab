import { body, defineSource, plain } from '../source.ts';

/** Trello (Atlassian Developer), "Webhooks": HMAC-SHA1 in base64 over the body and the callback URL as it was registered. */
export const trello = defineSource({
  title: 'Trello',
  documentationUrl: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/',
  setUp: 'Give the application secret here as secret_key, then create the webhook with exactly the URL as callbackURL.',
  setUpRu:
    'Укажите application secret здесь как secret_key, затем создайте вебхук с callbackURL, в точности равным этому адресу.',
  signatureScheme: 'signed_template',
  signatureHeader: 'X-Trello-Webhook',
  signedTemplate: '{body}{url}',
  secretFrom: 'sender',
  eventTypeFrom: [body('action.type')],
  deliveryIdFrom: [body('action.id')],
  handshake: {
    description: 'HEAD is answered with 200.',
    onGet: () => plain(''),
  },
  retries: {
    timeoutSeconds: null,
    description: '200 is success; else repeated three times with growing pauses, and given up after long failure.',
  },
  sampleBody:
    '{"action":{"id":"51f9424bcd6e040f3c002412","idMemberCreator":"4fc78a59a885233f4b349bd9","data":{"board":{"name":"Test","id":"4d5ea62fd76aa1136000000c"}},"type":"updateBoard","date":"2026-11-22T07:30:00.123Z"},"model":{"id":"4d5ea62fd76aa1136000000c","name":"Test"}}',
});
