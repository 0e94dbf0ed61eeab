import { body, defineSource, echo, form, membersOf, plain } from '../source.ts';

/** Slack API Docs, "Verifying requests from Slack", "The Events API", "url_verification"; slackapi/bolt-js, receivers. */
export const slack = defineSource({
  title: 'Slack',
  documentationUrl: 'https://docs.slack.dev/apis/events-api/using-http-request-urls',
  setUp: 'Give the app’s signing secret here as secret_key, then set the URL under Event Subscriptions → Request URL.',
  setUpRu:
    'Укажите signing secret приложения здесь как secret_key, затем задайте адрес в Event Subscriptions → Request URL.',
  signatureScheme: 'signed_template',
  signatureHeader: 'X-Slack-Signature',
  signedTemplate: 'v0:{timestamp}:{body}',
  timestampHeader: 'X-Slack-Request-Timestamp',
  secretFrom: 'sender',
  eventTypeFrom: [body('event.type'), body('type'), form('command')],
  deliveryIdFrom: [body('event_id'), body('trigger_id'), form('trigger_id')],
  handshake: {
    description: 'A signed url_verification is answered with its challenge, an ssl_check with an empty 200.',
    onUnsigned: (bytes) => (/^(?:[^&]{0,200}&){0,5}ssl_check=1(?:&|$)/.test(headOf(bytes)) ? plain('') : null),
    onGenuine: (genuine) => {
      const { type, challenge } = membersOf(genuine.body);
      return type === 'url_verification' ? echo(challenge) : null;
    },
  },
  retries: {
    timeoutSeconds: 3,
    description: 'Any 2xx is success; else repeated three times: at once, after a minute, after five.',
  },
  sampleBody:
    '{"token":"none","team_id":"T061EG9R6","api_app_id":"A0FFV41KK","event":{"type":"reaction_added","user":"U061F1EUR","item":{"type":"message","channel":"C061EG9SL","ts":"1464196127.000002"},"reaction":"slightly_smiling_face","event_ts":"1465244570.336841"},"type":"event_callback","event_id":"Ev9UQ52YNA","event_time":1234567890}',
});

function headOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, 1_500);
}
