/** All known kinds of senders, by `source_service`. To add one, add a file beside this one and a line below. */
import { body, type FactSource, header, type WebhookSource } from '../source.ts';
import { bitbucket } from './bitbucket.ts';
import { custom } from './custom.ts';
import { dropbox } from './dropbox.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { googlePush } from './google-push.ts';
import { infrasafe } from './infrasafe.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import { mailgun } from './mailgun.ts';
import { meta } from './meta.ts';
import { microsoftGraph } from './microsoft-graph.ts';
import { sendgrid } from './sendgrid.ts';
import { sentry } from './sentry.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { stripe } from './stripe.ts';
import { telegram } from './telegram.ts';
import { trello } from './trello.ts';
import { twitch } from './twitch.ts';
import { yookassa } from './yookassa.ts';
import { zoom } from './zoom.ts';

export const webhookSources: Readonly<Record<string, WebhookSource>> = {
  custom,
  bitbucket,
  dropbox,
  github,
  gitlab,
  google_push: googlePush,
  infrasafe,
  jira,
  linear,
  mailgun,
  meta,
  microsoft_graph: microsoftGraph,
  sendgrid,
  sentry,
  shopify,
  slack,
  standard_webhooks: standardWebhooks,
  stripe,
  telegram,
  trello,
  twitch,
  yookassa,
  zoom,
};

/** An unknown sender is a custom one. */
export function sourceOf(sourceService: string): WebhookSource {
  return Object.hasOwn(webhookSources, sourceService) ? (webhookSources[sourceService] as WebhookSource) : custom;
}

/** The source that a misspelt name means, as `GitHub` does; null if the name is known as it is, or resembles none. */
export function misspeltSource(sourceService: string): string | null {
  if (Object.hasOwn(webhookSources, sourceService)) return null;
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return Object.keys(webhookSources).find((name) => plain(name) === plain(sourceService)) ?? null;
}

/** `header:Name` or `body:a.b`, as in `event_type_from` and `delivery_id_from`; null if it is neither. */
export function parseFactSource(text: string): FactSource | null {
  const match = /^(header|body):([A-Za-z0-9_.-]{1,200})$/.exec(text);
  if (match === null) return null;
  return match[1] === 'header' ? header(match[2] as string) : body(match[2] as string);
}

/** The same for people: `header:X-GitHub-Event` with `body:action` behind it. */
export function describeFactSource(source: FactSource): string {
  switch (source.in) {
    case 'body':
      return `body:${source.path.join('.')}`;
    case 'member name':
      return 'the name of the first member';
    case 'joined':
      return source.parts.map(describeFactSource).join(` + `);
    default:
      return `${source.in}:${source.name}`;
  }
}
