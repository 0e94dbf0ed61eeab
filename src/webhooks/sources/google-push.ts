import { defineSource, header, together } from '../source.ts';

/** Google Drive API, "Notifications for resource changes": all in headers, the body is empty. */
export const googlePush = defineSource({
  title: 'Google push notifications (Drive, Calendar)',
  documentationUrl: 'https://developers.google.com/workspace/drive/api/guides/push',
  setUp: 'Call watch with the URL as address and the secret as token.',
  setUpRu: 'Вызовите watch с адресом как address и секретом как token.',
  signatureScheme: 'header_token',
  signatureHeader: 'X-Goog-Channel-Token',
  secretFrom: 'us',
  eventTypeFrom: [header('x-goog-resource-state')],
  deliveryIdFrom: [together(header('x-goog-channel-id'), header('x-goog-message-number'))],
  retries: {
    timeoutSeconds: null,
    description: '200, 201, 202, 204 and 102 are success; 500, 502, 503 and 504 are repeated, all else is dropped.',
  },
  sampleContentType: 'application/json; utf-8',
  sampleHeaders: {
    'x-goog-channel-id': '4ba78bf0-6a47-11e2-bcfd-0800200c9a66',
    'x-goog-channel-expiration': 'Tue, 19 Nov 2030 01:13:52 GMT',
    'x-goog-resource-id': 'ret08u3rv24htgh289g',
    'x-goog-resource-uri': 'https://www.googleapis.com/drive/v3/files/ret08u3rv24htgh289g',
    'x-goog-resource-state': 'update',
    'x-goog-changed': 'content,properties',
    'x-goog-message-number': '10',
  },
  sampleBody: '',
});
