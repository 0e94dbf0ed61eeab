import { body, defineSource } from '../source.ts';

/** Stripe Docs, "Webhooks" and "Domains and IP addresses". */
export const stripe = defineSource({
  title: 'Stripe',
  documentationUrl: 'https://docs.stripe.com/webhooks',
  setUp: 'Developers → Webhooks → Add endpoint: the URL; then give the signing secret (whsec_…) here as secret_key.',
  setUpRu: 'Developers → Webhooks → Add endpoint: адрес; затем укажите signing secret (whsec_…) здесь как secret_key.',
  signatureScheme: 'stripe',
  signatureHeader: 'Stripe-Signature',
  secretFrom: 'sender',
  eventTypeFrom: [body('type')],
  deliveryIdFrom: [body('id')],
  publishedRanges: [
    '3.18.12.63/32',
    '3.130.192.231/32',
    '13.235.14.237/32',
    '13.235.122.149/32',
    '18.211.135.69/32',
    '35.154.171.200/32',
    '52.15.183.38/32',
    '54.88.130.119/32',
    '54.88.130.237/32',
    '54.187.174.169/32',
    '54.187.205.235/32',
    '54.187.216.72/32',
  ],
  retries: {
    timeoutSeconds: null,
    description: 'Any 2xx is success; else repeated over three days, signed again each time.',
  },
  sampleBody:
    '{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","object":"event","api_version":"2024-06-20","created":1686089970,"data":{"object":{"id":"in_1","object":"invoice","status":"paid"}},"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"invoice.paid"}',
});
