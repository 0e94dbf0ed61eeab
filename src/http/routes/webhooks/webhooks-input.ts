/** Converts a validated body to the webhook that the admin wants. */
import type { FastifyRequest } from 'fastify';
import { invalidInput, words } from '../../../errors.ts';
import type { WebhookConfigRow } from '../../../storage/tables/webhooks/webhook-configs.ts';
import type { WebhookEventFilter } from '../../../storage/tables/webhooks/webhook-events.ts';
import { newTarget, type TargetDraft } from '../../../webhooks/managing/target-draft.ts';
import {
  draftForSource,
  draftOfRow,
  newCollector,
  type WebhookDraft,
  withPublishedRanges,
} from '../../../webhooks/managing/webhook-draft.ts';
import { usualSignatureHeader } from '../../../webhooks/receiving/verify-signature.ts';
import { withNamed } from '../../request/named-members.ts';
import { parseEndTime, parseTime, requireOrder } from '../../request/query-values.ts';
import { inputError } from '../../request/validate.ts';
import type { EventsQuery } from './events-schemas.ts';
import type { TargetBody } from './targets-schemas.ts';
import type { WebhookBody, WebhookPatch } from './webhooks-schemas.ts';

/** POST and PUT: missing members come from the source's preset; secrets that are not sent stay. */
export function draftOfBody(body: WebhookBody): WebhookDraft {
  return named(body, draftForSource(body.webhook_name, body.source_service ?? 'custom'));
}

/** PATCH: replaces the named members. */
export function patchedDraft(body: WebhookPatch, current: WebhookConfigRow): WebhookDraft {
  return named(body, draftOfRow(current));
}

function named({ targets, collector, ...body }: WebhookPatch, otherwise: WebhookDraft): WebhookDraft {
  const scheme = body.signature_scheme ?? otherwise.signature_scheme;
  const signature_header = usualSignatureHeader(scheme);
  // A sender of the new scheme would never send the header of the old one.
  const isSameScheme = scheme === otherwise.signature_scheme;
  const ofScheme = isSameScheme ? {} : { signature_header, signed_template: null, timestamp_header: null };
  const draft = withNamed<WebhookDraft>({ ...otherwise, ...ofScheme }, body);
  return {
    ...draft,
    allowed_ips: withPublishedRanges(draft.source_service, draft.allowed_ips),
    // null asks for the scheme's own header, which is the one that is read and shown.
    signature_header: draft.signature_header ?? signature_header,
    targets: targets === undefined ? otherwise.targets : targets.map(targetDraftOf),
    switchesTargetOn: body.target_paused === false,
    collector: collector === undefined ? otherwise.collector : collector && withNamed(newCollector, collector),
  };
}

function targetDraftOf({ id, url, ...target }: TargetBody): TargetDraft {
  return { ...withNamed(newTarget, target), ...(id === undefined ? {} : { id }), url };
}

/**
 * Refuses addresses that the outbound policy blocks, and a target that is a webhook of this service, since its events
 * would loop forever. Unchanged addresses are not checked again.
 */
export async function checkAddresses(
  draft: WebhookDraft,
  current: WebhookConfigRow | null,
  refusalOf: (url: string) => Promise<string | null>,
): Promise<void> {
  const known = [
    current?.target_url,
    current?.config.collector?.base_url,
    ...(current?.further_targets ?? []).map(({ url }) => url),
  ];
  for (const [path, url] of [
    ['target_url', draft.target_url],
    ['collector.base_url', draft.collector?.base_url ?? null],
    ...(draft.targets ?? []).map(({ url: target }, index) => [`targets[${index}].url`, target] as const),
  ] as const) {
    const refusal = url === null || known.includes(url) ? null : await refusalOf(url);
    if (refusal !== null)
      throw inputError([{ path, ...words(`may not be called: ${refusal}`, `вызывать нельзя: «${refusal}»`) }]);
  }
}

/** A search through payloads reads every payload of the period. */
const longestSearchMs = 31 * 86_400_000;

/** Throws `INVALID_REQUEST` for invalid times, a reversed period, or a period that is too long for a search. */
export function filterOfQuery(query: Omit<EventsQuery, 'cursor' | 'limit'>): WebhookEventFilter {
  const fromMs = query.from_date === undefined ? undefined : parseTime('from_date', query.from_date);
  const toMs = query.to_date === undefined ? undefined : parseEndTime('to_date', query.to_date);
  requireOrder(fromMs, toMs);
  if (
    query.payload_contains !== undefined &&
    (fromMs === undefined || (toMs ?? Date.now()) - fromMs > longestSearchMs)
  ) {
    throw inputError([
      {
        path: 'payload_contains',
        ...words('needs from_date, and at most 31 days to to_date', 'нужны начало и конец периода, не больше 31 дня'),
      },
    ]);
  }
  return {
    webhookId: query.webhook_id,
    source: query.source,
    status: query.status,
    eventType: query.event_type,
    deliveryId: query.delivery_id,
    deliveryStatus: query.delivery_status,
    payloadContains: query.payload_contains,
    fromMs,
    toMs,
  };
}

/** For a bulk call. Throws `INVALID_REQUEST` unless exactly one of a filter and `all` is given. */
export function chosenFilter({
  all,
  ...filter
}: Omit<EventsQuery, 'cursor' | 'limit'> & { readonly all?: true }): WebhookEventFilter {
  const isFiltered = Object.keys(filter).length > 0;
  if (!isFiltered && all !== true)
    throw invalidInput('all', 'must be true, or a filter be given', 'ожидается true или фильтр');
  if (isFiltered && all === true)
    throw invalidInput('all', 'must not stand beside a filter', 'не бывает вместе с фильтром');
  return filterOfQuery(filter);
}

/** Without a body, every member has its default. */
export function allowNoBody(request: FastifyRequest, _reply: unknown, done: () => void): void {
  request.body ??= null;
  done();
}
