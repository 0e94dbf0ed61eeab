import { createHmac } from 'node:crypto';
import { body, defineSource, echo, json, membersOf } from '../source.ts';

/** Zoom Developers, "Using webhooks"; zoom/webhook-sample. */
export const zoom = defineSource({
  title: 'Zoom',
  documentationUrl: 'https://developers.zoom.us/docs/api/webhooks/',
  setUp:
    'Give the app’s secret token here as secret_key, then set the URL as event notification endpoint and validate it.',
  setUpRu:
    'Укажите secret token приложения здесь как secret_key, затем задайте адрес как event notification endpoint и подтвердите его.',
  signatureScheme: 'signed_template',
  signatureHeader: 'x-zm-signature',
  signedTemplate: 'v0:{timestamp}:{body}',
  timestampHeader: 'x-zm-request-timestamp',
  secretFrom: 'sender',
  eventTypeFrom: [body('event')],
  deliveryIdFrom: [],
  handshake: {
    description: 'A signed endpoint.url_validation is answered with its plainToken and the HMAC-SHA256 of it.',
    onGenuine: ({ body: bytes, secret }) => {
      const { event, payload } = membersOf(bytes);
      if (event !== 'endpoint.url_validation') return null;
      const plainToken = (payload as { readonly plainToken?: unknown } | null)?.plainToken;
      if (typeof plainToken !== 'string' || echo(plainToken) === null) return null;
      return json({ plainToken, encryptedToken: createHmac('sha256', secret).update(plainToken).digest('hex') });
    },
  },
  retries: {
    timeoutSeconds: 3,
    description: '200 or 204 is success; else repeated three times, after 5, 20 and 60 minutes.',
  },
  sampleBody:
    '{"event":"meeting.started","event_ts":1626230691572,"payload":{"account_id":"AAAAAABBBB","object":{"id":"1234567890","uuid":"4444AAAiAAAAAiAiAiiAii==","topic":"Test","type":2,"duration":60,"timezone":"Asia/Tashkent"}}}',
});
