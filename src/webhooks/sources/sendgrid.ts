import { body, defineSource, mebibyte } from '../source.ts';

/** Twilio SendGrid Docs, "Event Webhook security features"; @sendgrid/eventwebhook. */
export const sendgrid = defineSource({
  title: 'SendGrid',
  documentationUrl: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event',
  setUp:
    'Settings → Mail Settings → Event Webhooks: the URL, Signed Event Webhook on; its public key is the secret_key here.',
  setUpRu:
    'Settings → Mail Settings → Event Webhooks: адрес, включите Signed Event Webhook; его открытый ключ укажите здесь как secret_key.',
  signatureScheme: 'ecdsa_p256',
  signatureHeader: 'X-Twilio-Email-Event-Webhook-Signature',
  timestampHeader: 'X-Twilio-Email-Event-Webhook-Timestamp',
  secretFrom: 'sender',
  eventTypeFrom: [body('*.event')],
  // A batch: its hash. Each element has an `sg_event_id`.
  deliveryIdFrom: [],
  maxPayloadSizeBytes: 5 * mebibyte,
  retries: { timeoutSeconds: null, description: 'Any 2xx is success; else repeated with growing pauses for 24 hours.' },
  sampleBody:
    '[{"email":"test@example.com","timestamp":1513299569,"smtp-id":"<14c5d75ce93.dfd.64b469@ismtpd-555>","event":"delivered","category":["test"],"sg_event_id":"sg_event_id","sg_message_id":"sg_message_id"}]',
});
