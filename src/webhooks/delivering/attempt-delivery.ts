/** Sends an event to its target once, and interprets the response. */
import type { Masker } from '../../audit/mask.ts';
import type { Clock } from '../../clock.ts';
import { newId } from '../../ids.ts';
import { TransportError } from '../../outbound/exchange.ts';
import type { Outbound } from '../../outbound/http-client.ts';
import { sealEnvelope } from '../../outbox/envelope.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { DueDelivery } from '../../storage/tables/webhooks/claim-deliveries.ts';
import type { AttemptOutcome, DeliveryContent } from '../../storage/tables/webhooks/webhook-deliveries.ts';
import {
  type FurtherColumn,
  furtherBindingOf,
  openFor,
  openTargetHeaders,
  readTargetHeaders,
} from '../managing/webhook-secrets.ts';
import { wholePayload } from '../receiving/large-payload.ts';
import { deliveryOf, receivedEvent } from '../receiving/received-event.ts';
import type { SealedColumn } from '../webhook.ts';
import { answeredWith, messageOfTransport, unprepared } from './attempt-words.ts';
import { withoutQuery } from './delivery-failed.ts';
import { parseRetryAfterMs, pauseAfterMs } from './retry-schedule.ts';
import { signDelivery } from './sign-delivery.ts';

export interface AttemptDeps {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly keyring: Pick<Keyring, 'open'>;
  readonly masker: Pick<Masker, 'body' | 'headers'>;
  readonly clock: Clock;
  /** The target's time limit for an answer. */
  readonly timeoutMs: number;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
}

/** Only this much of a reply is read; its beginning is stored. */
const maxReplyBytes = 64 * 1024;
const keptReplyChars = 2_048;
/** The target is gone for good, according to Standard Webhooks: it is not asked again. */
const goneStatus = 410;

/**
 * Never throws: an internal error counts as a failed attempt, so that it is visible and retried. null: aborted by
 * `signal`.
 */
export async function attemptDelivery(
  deps: AttemptDeps,
  delivery: DueDelivery,
  content: DeliveryContent,
  signal: AbortSignal,
): Promise<AttemptOutcome | null> {
  const startedAtMs = deps.clock.now();
  const timer = performance.now();
  const outcome = (
    result: Omit<AttemptOutcome, 'attemptId' | 'targetUrl' | 'askedUrl' | 'startedAtMs' | 'durationMs' | 'switchesOff'>,
    isGone = false,
  ): AttemptOutcome => ({
    attemptId: newId(startedAtMs),
    targetUrl: withoutQuery(content.target_url),
    askedUrl: content.target_url,
    startedAtMs,
    durationMs: Math.round(performance.now() - timer),
    switchesOff: result.next.state === 'delivered' ? null : isGone ? 'gone' : content.is_worn_out ? 'failing' : null,
    ...result,
  });
  const nextAfter = (retryAfterMs: number | null): AttemptOutcome['next'] => {
    const pauseMs = pauseAfterMs(delivery.tries_since_redrive + 1, retryAfterMs);
    const isLast = content.max_attempts !== null && delivery.tries_since_redrive + 1 >= content.max_attempts;
    return pauseMs === null || isLast || content.is_worn_out
      ? { state: 'dead' }
      : { state: 'pending', afterMs: pauseMs };
  };

  try {
    const { secrets, headers: own } = openTarget(deps.keyring, delivery, content);
    const kept = [...secrets, ...Object.values(own)];
    const body = await bodyOf(deps, delivery, content);
    const reply = await deps.outbound.request({
      method: 'POST',
      url: content.target_url,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...own,
        ...signDelivery(secrets, delivery.webhook_event_id, startedAtMs, body),
      },
      body,
      maxReplyBytes,
      // A target that answered 2xx has been delivered to, whatever its body is.
      cutsReply: true,
      deadlineAtMs: Date.now() + timeoutMsOf(deps, content),
      signal,
    });
    const seen = {
      responseStatusCode: reply.status,
      responseHeaders: keptHeaders(deps.masker, reply.headers, kept),
      responseBody: keptReply(deps.masker, reply.body, kept),
    };
    if (reply.status >= 200 && reply.status < 300) {
      return outcome({ ...seen, errorMessage: null, next: { state: 'delivered' } });
    }
    const errorMessage = answeredWith(reply.status);
    if (reply.status === goneStatus) return outcome({ ...seen, errorMessage, next: { state: 'dead' } }, true);
    const retryAfterMs = parseRetryAfterMs(reply.headers['retry-after'], deps.clock.now());
    return outcome({ ...seen, errorMessage, next: nextAfter(retryAfterMs) });
  } catch (error) {
    if (signal.aborted) return null;
    const errorMessage = error instanceof TransportError ? messageOfTransport(error) : unprepared;
    return outcome({
      responseStatusCode: null,
      responseHeaders: null,
      responseBody: null,
      errorMessage,
      next: nextAfter(null),
    });
  }
}

/** The secrets that sign, and the headers set for this target. Throws `SealBroken`. */
function openTarget(
  keyring: Pick<Keyring, 'open'>,
  delivery: DueDelivery,
  content: DeliveryContent,
): { readonly secrets: readonly string[]; readonly headers: Readonly<Record<string, string>> } {
  const owner = { id: delivery.webhook_id, management_company_id: delivery.management_company_id };
  const { target_secret: current, previous_target_secret: previous, target_headers: headers } = content;
  if (content.is_further) {
    const open = (sealed: string, column: FurtherColumn) => keyring.open(sealed, furtherBindingOf(owner, column));
    return {
      secrets: [open(current, 'secret'), ...(previous === null ? [] : [open(previous, 'previous_secret')])],
      headers: headers === null ? {} : readTargetHeaders(open(headers, 'headers'), content.target_url),
    };
  }
  const open = (sealed: string, column: SealedColumn) => openFor(keyring, owner, column, sealed);
  return {
    secrets: [open(current, 'target_secret'), ...(previous === null ? [] : [open(previous, 'previous_target_secret')])],
    headers: openTargetHeaders(keyring, { ...owner, target_headers: headers, target_url: content.target_url }),
  };
}

/** This target's time limit for an answer. */
export function timeoutMsOf({ timeoutMs }: Pick<AttemptDeps, 'timeoutMs'>, content: DeliveryContent): number {
  return content.target_timeout_seconds === null ? timeoutMs : content.target_timeout_seconds * 1000;
}

/** The event as on the bus, but with its full payload of any size. */
async function bodyOf(
  { publicBaseUrl }: AttemptDeps,
  delivery: DueDelivery,
  content: DeliveryContent,
): Promise<string> {
  const headers = content.headers ?? {};
  const payload = await wholePayload(content.payload, content.content_type, headers['content-encoding']);
  const received = deliveryOf(content, {
    id: delivery.webhook_event_id,
    tenantId: delivery.management_company_id,
    body: content.payload,
    headers,
    receivedAtMs: delivery.event_received_at.getTime(),
  });
  const event = receivedEvent(received, { publicBaseUrl, payload });
  return sealEnvelope(event, { id: delivery.webhook_event_id }).body;
}

const keptHeaderCount = 50;
const keptHeaderChars = 500;

function keptHeaders(
  masker: Pick<Masker, 'headers'>,
  headers: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Record<string, string> {
  const shortened = Object.entries(headers)
    .slice(0, keptHeaderCount)
    .map(([name, value]) => [name, value.slice(0, keptHeaderChars).toWellFormed()]);
  return masker.headers(Object.fromEntries(shortened), secrets);
}

function keptReply(masker: Pick<Masker, 'body'>, body: Buffer, secrets: readonly string[]): string | null {
  if (body.length === 0) return null;
  // Masked before it is cut, so that no part of a secret remains at the cut.
  const text = body
    .toString('utf8', 0, keptReplyChars * 4)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD');
  return masker.body(text, secrets).slice(0, keptReplyChars);
}
