import { defineSource, echo, header, membersOf } from '../source.ts';

/** Twitch Developers, "Handling webhook events"; twitchdev/twitch-cli. */
export const twitch = defineSource({
  title: 'Twitch',
  documentationUrl: 'https://dev.twitch.tv/docs/eventsub/handling-webhook-events/',
  setUp: 'Create the EventSub subscription with the URL as callback and the secret (10 to 100 characters).',
  setUpRu: 'Создайте подписку EventSub с адресом как callback и секретом (от 10 до 100 символов).',
  signatureScheme: 'signed_template',
  signatureHeader: 'Twitch-Eventsub-Message-Signature',
  signedTemplate: '{header:Twitch-Eventsub-Message-Id}{timestamp}{body}',
  timestampHeader: 'Twitch-Eventsub-Message-Timestamp',
  toleranceSeconds: 600,
  secretFrom: 'us',
  eventTypeFrom: [header('twitch-eventsub-subscription-type')],
  deliveryIdFrom: [header('twitch-eventsub-message-id')],
  handshake: {
    description: 'A signed webhook_callback_verification is answered with its challenge.',
    onGenuine: ({ headers, body }) =>
      headers['twitch-eventsub-message-type'] === 'webhook_callback_verification'
        ? echo(membersOf(body).challenge)
        : null,
  },
  retries: {
    timeoutSeconds: null,
    description: 'Any 2xx within a few seconds is success; else repeated, and after too many failures revoked.',
  },
  sampleHeaders: {
    'twitch-eventsub-message-id': 'befa7b53-d79d-478f-86b9-120f112b044e',
    'twitch-eventsub-message-type': 'notification',
    'twitch-eventsub-message-retry': '0',
    'twitch-eventsub-subscription-type': 'channel.follow',
    'twitch-eventsub-subscription-version': '2',
  },
  sampleBody:
    '{"subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","status":"enabled","type":"channel.follow","version":"2","cost":1,"condition":{"broadcaster_user_id":"12826"}},"event":{"user_id":"1337","user_login":"awesome_user","broadcaster_user_id":"12826","followed_at":"2026-11-22T07:30:00.123456789Z"}}',
});
