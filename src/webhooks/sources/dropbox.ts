import { defineSource, echo } from '../source.ts';

/** Dropbox Developers, "Webhooks"; dropbox/mdwebhook. */
export const dropbox = defineSource({
  title: 'Dropbox',
  documentationUrl: 'https://www.dropbox.com/developers/reference/webhooks',
  setUp: 'Give the app secret here as secret_key, then add the URL under Webhooks in the app’s console.',
  setUpRu: 'Укажите app secret здесь как secret_key, затем добавьте адрес в разделе Webhooks в консоли приложения.',
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Dropbox-Signature',
  secretFrom: 'sender',
  eventTypeFrom: [{ in: 'member name', except: null }],
  deliveryIdFrom: [],
  // It only reports that an account changed: the next change has the same bytes.
  duplicateBy: 'none',
  handshake: {
    description: 'GET with a challenge is answered with it.',
    onGet: (query) => echo(query.get('challenge')),
  },
  retries: { timeoutSeconds: 10, description: 'Any 2xx is success; else repeated with growing pauses, for hours.' },
  sampleBody: '{"list_folder":{"accounts":["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"]},"delta":{"users":[12345678]}}',
});
