import { equalsSecretly } from '../schemes/scheme.ts';
import { body, defineSource, echo, type HandshakeReply, mebibyte, withDetail } from '../source.ts';

const refusal: HandshakeReply = { status: 403, contentType: 'text/plain; charset=utf-8', body: '' };

/** Meta for Developers, "Webhooks, getting started"; WhatsApp Cloud API, "Set up webhooks". */
export const meta = defineSource({
  title: 'Meta (WhatsApp, Messenger, Instagram)',
  documentationUrl: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
  setUp:
    'Give the app secret here as secret_key, then set the URL as callback URL with the verify_token that is shown.',
  setUpRu: 'Укажите app secret здесь как secret_key, затем задайте адрес как callback URL с показанным verify_token.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Hub-Signature-256',
  secretFrom: 'sender',
  eventTypeFrom: [withDetail(body('object'), body('entry.*.changes.*.field'))],
  // A batch has no id: its hash is used.
  deliveryIdFrom: [],
  maxPayloadSizeBytes: 3 * mebibyte,
  hasVerifyToken: true,
  handshake: {
    description: 'GET with hub.mode=subscribe and the webhook’s verify_token is answered with hub.challenge; else 403.',
    onGet(query, verifyToken) {
      if (query.get('hub.mode') !== 'subscribe') return null;
      const isKnown = verifyToken !== null && equalsSecretly(query.get('hub.verify_token') ?? '', verifyToken);
      return isKnown ? (echo(query.get('hub.challenge')) ?? refusal) : refusal;
    },
  },
  retries: { timeoutSeconds: null, description: 'Only 200 is success; else repeated less and less often, for days.' },
  sampleBody:
    '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Test"},"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.HBgLMTY1MDU1NTEyMzQ","timestamp":"1749416383","type":"text","text":{"body":"Does it come in another colour?"}}]},"field":"messages"}]}]}',
});
