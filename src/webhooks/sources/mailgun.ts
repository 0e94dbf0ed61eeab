import { body, defineSource, form, mebibyte } from '../source.ts';

/**
 * Mailgun Docs, "Securing webhooks". The signature covers a time and a token, not the event: anyone who has seen a pair
 * can send another body with it. So the token is the id, and a used one is a duplicate. Repeats keep the first attempt's
 * time, token and signature (hookdeck/webhook-skills, mailgun-webhooks), so the tolerance is longer than they last.
 */
export const mailgun = defineSource({
  title: 'Mailgun',
  documentationUrl: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
  setUp: 'Sending → Webhooks: the URL; the HTTP webhook signing key is the secret_key here.',
  setUpRu: 'Sending → Webhooks: адрес; HTTP webhook signing key укажите здесь как secret_key.',
  signatureScheme: 'mailgun',
  signatureHeader: null,
  toleranceSeconds: 9 * 3_600,
  secretFrom: 'sender',
  eventTypeFrom: [body('event-data.event'), form('event')],
  deliveryIdFrom: [body('signature.token'), form('token')],
  maxPayloadSizeBytes: 25 * mebibyte,
  retries: {
    timeoutSeconds: null,
    description: 'Only 200 is success, 406 ends the repeats; else repeated over eight hours.',
  },
  sampleBody:
    '{"signature":{"timestamp":"{timestamp}","token":"{token}","signature":"{signature}"},"event-data":{"event":"delivered","timestamp":1529006854.329574,"id":"DACSsAdVSeGpLid7TN03WA","recipient":"test@example.com"}}',
});
