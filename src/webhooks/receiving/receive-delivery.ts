/**
 * Receives a delivery: webhook by token → address → body, up to its bound → signature over the raw bytes → only then
 * its JSON, type and id → limit → the intake, in one commit with its event. It is acknowledged when durable.
 */
import { hash } from 'node:crypto';
import { ServiceError } from '../../errors.ts';
import { observeLimits } from '../../limits/observe-limits.ts';
import type { DeliveryHeaders, SignatureVerdict } from '../schemes/scheme.ts';
import type { HandshakeReply } from '../source.ts';
import { secretsAt, type Webhook } from '../webhook.ts';
import { decodeForSignature, isEncoded } from './decode-content.ts';
import { isWanted } from './identify-delivery.ts';
import { identify } from './large-payload.ts';
import { receivedEvent } from './received-event.ts';
import type { DeliveryEnvelope, DeliveryFacts, IncomingDelivery, ReceiveDeps, Reception } from './reception.ts';
import { limitError } from './refusal.ts';
import { announce, factsOf, recordTrace, refuse } from './refuse-delivery.ts';
import { isAllowedAddress } from './source-address.ts';
import { isSignedWithin, verifySignature } from './verify-signature.ts';

/** The maximum of the column, because a sender may announce any size. */
const largestSizeBytes = 2 ** 31 - 1;

/** Resolves when the delivery is durable, a duplicate, or not wanted. Throws a `ServiceError` if it is refused. */
export async function receiveDelivery(deps: ReceiveDeps, incoming: IncomingDelivery): Promise<Reception> {
  const webhook = await findKnown(deps, incoming);
  await requireAllowed(deps, webhook, incoming);
  const { handshake } = webhook;
  const asked = handshake?.onPost?.(incoming.query()) ?? null;
  if (asked !== null) return answeredHandshake(deps, webhook, asked);
  const body = await incoming.readBody(webhook.maxPayloadSizeBytes, webhook.tenantId);
  if ('tooLargeBytes' in body) {
    throw await refuse(deps, webhook, incoming, 'payload_too_large', Math.min(body.tooLargeBytes, largestSizeBytes));
  }
  const receivedAtMs = deps.clock.now();
  const verdict = await verifyEitherForm(webhook, incoming.headers, body, receivedAtMs);
  if (!verdict.genuine) {
    const unsigned = verdict.reason === 'missing_signature' ? (handshake?.onUnsigned?.(body) ?? null) : null;
    if (unsigned !== null) return answeredHandshake(deps, webhook, unsigned);
    throw await refuse(deps, webhook, incoming, verdict.reason, body.length, undefined, body);
  }
  const secret = secretsAt(webhook, receivedAtMs)[verdict.matchedSecret ?? 0] ?? '';
  const reply = handshake?.onGenuine?.({ headers: incoming.headers, body, secret }) ?? null;
  if (reply !== null) return answeredHandshake(deps, webhook, reply);
  return acceptGenuine(deps, webhook, incoming, body, receivedAtMs, verdict);
}

/** Answers a GET or HEAD; null if the webhook's sender never sends one. Throws like `receiveDelivery`. */
export async function receiveHandshake(
  deps: ReceiveDeps,
  incoming: Omit<IncomingDelivery, 'readBody'>,
): Promise<HandshakeReply | null> {
  const webhook = await findKnown(deps, incoming);
  const { onGet } = webhook.handshake ?? {};
  if (onGet === undefined) return null;
  await requireAllowed(deps, webhook, incoming);
  const reply = onGet(incoming.query(), webhook.verifyToken);
  if (reply !== null) answeredHandshake(deps, webhook, reply);
  return reply;
}

async function findKnown(deps: ReceiveDeps, incoming: DeliveryEnvelope): Promise<Webhook> {
  const webhook = await deps.webhooks.find(incoming.tokenHashHex);
  if (webhook === null) {
    deps.metrics.webhookDelivery('unknown', 'unknown_token');
    throw new ServiceError('NOT_FOUND', 'There is no such webhook.');
  }
  return webhook;
}

async function requireAllowed(deps: ReceiveDeps, webhook: Webhook, incoming: DeliveryEnvelope): Promise<void> {
  if (!isAllowedAddress(incoming.sourceAddress, webhook.allowedRanges)) {
    throw await refuse(deps, webhook, incoming, 'address_not_allowed', 0);
  }
}

function answeredHandshake({ metrics }: ReceiveDeps, webhook: Webhook, reply: HandshakeReply): Reception {
  metrics.webhookDelivery(webhook.sourceService, 'handshake');
  return { status: 'handshake', reply, tenantId: webhook.tenantId, limit: null };
}

/** Checks the bytes as sent and, if they are encoded, the decoded ones: senders sign either. */
export async function verifyEitherForm(
  webhook: Webhook,
  headers: DeliveryHeaders,
  body: Buffer,
  receivedAtMs: number,
): Promise<SignatureVerdict> {
  const verify = (signed: Buffer): SignatureVerdict =>
    verifySignature(
      webhook.scheme,
      { headers, body: signed, receivedAtMs },
      secretsAt(webhook, receivedAtMs),
      webhook.schemeSettings,
    );
  const verdict = verify(body);
  const encoding = headers['content-encoding'];
  if (verdict.genuine || !isEncoded(encoding)) return verdict;
  if (verdict.reason !== 'wrong_signature' && !isSignedWithin(webhook.scheme)) return verdict;
  const decoded = await decodeForSignature(body, encoding, webhook.maxPayloadSizeBytes);
  return decoded === null ? verdict : verify(decoded);
}

export interface AcceptOptions {
  /** Its id, if it already has one; default: a new one. */
  readonly id?: string;
  /** A sample: it is not signed, its type is not filtered, and it is not a duplicate. */
  readonly isTest?: boolean;
}

/** The remaining steps after the signature was verified. */
export async function acceptGenuine(
  deps: ReceiveDeps,
  webhook: Webhook,
  incoming: DeliveryFacts,
  body: Buffer,
  receivedAtMs: number,
  { matchedSecret }: SignatureVerdict & { readonly genuine: true },
  { id, isTest = false }: AcceptOptions = {},
): Promise<Reception> {
  const identity = await identify(webhook, incoming.headers, body, incoming.contentType);
  const { eventType, delivery } = identity;
  const facts = {
    ...factsOf(deps, webhook, incoming, receivedAtMs, body.length),
    ...(id === undefined ? {} : { id }),
    eventType,
    signatureVerified: webhook.scheme !== 'none' && !isTest,
    matchedSecret: matchedSecret === null ? null : matchedSecret === 0 ? ('current' as const) : ('previous' as const),
  };
  if (!isTest && !isWanted(webhook.wantedEventTypes, identity)) {
    deps.metrics.webhookDelivery(webhook.sourceService, 'ignored');
    if (deps.traceBudget.takeTrace(webhook.id, 'ignored')) await recordTrace(deps, { ...facts, status: 'ignored' });
    return { status: 'ignored', tenantId: webhook.tenantId, limit: null };
  }

  const admission = await deps.rateLimit.admit(webhook.tenantId, webhook.overLimitPolicy);
  const limit = admission.kind === 'now' ? admission.state : admission.exceeded;
  observeLimits(deps.metrics, webhook.tenantId, [limit.subject], [limit]);
  const isAnnounced = admission.kind === 'refused' || (admission.kind === 'later' && !admission.joinsRow);
  if (isAnnounced) announce(deps, webhook, incoming, admission.exceeded);
  if (admission.kind === 'refused') {
    await refuse(deps, webhook, incoming, 'rate_limit_exceeded', body.length, facts);
    throw limitError(admission.retryAfterSeconds, admission.exceeded);
  }
  const charged = { tenantId: webhook.tenantId, limit };

  const bodySha256 = hash('sha256', body, 'buffer');
  const event = receivedEvent(
    { ...facts, body, includesRaw: webhook.includesRaw, isTest },
    { publicBaseUrl: deps.publicBaseUrl, read: identity.read },
  );
  const receipt = await deps.intake.record({
    webhookEvent: {
      ...facts,
      status: admission.kind === 'later' ? 'deferred' : 'accepted',
      deliveryId: delivery?.id ?? `sha256:${bodySha256.toString('hex')}`,
      isIdUnsigned: delivery?.isSigned === false,
      bodySha256,
      isBodyTakenOnce: webhook.takesBodyOnce && !isTest,
      isNeverDuplicate: !webhook.tellsDuplicates || isTest,
      duplicateWindowSeconds: webhook.duplicateWindowSeconds,
      payload: body,
      deliverToTarget: identity.targets.includes(webhook.id),
      deliverToFurther: identity.targets.filter((target) => target !== webhook.id),
      includesRaw: webhook.includesRaw,
      isTest,
    },
    // The event has the delivery's own id. A deferred delivery has its own row in the outbox, due at the limit's pace.
    ...(admission.kind === 'later'
      ? { events: [{ event, id: facts.id, notBeforeMs: admission.notBeforeMs }] }
      : { received: event }),
  });
  if (receipt.duplicateOf !== null) {
    deps.metrics.webhookDelivery(webhook.sourceService, 'duplicate');
    if (webhook.targets.length > 0) deps.onSentAgain(webhook.tenantId, receipt.duplicateOf);
    return { status: 'duplicate', eventId: receipt.duplicateOf, ...charged };
  }
  const outcome = isTest ? 'test' : admission.kind === 'later' ? 'deferred' : 'accepted';
  deps.metrics.webhookDelivery(webhook.sourceService, outcome);
  if (identity.targets.length > 0) deps.onTargetDelivery();
  return { status: 'accepted', eventId: facts.id, ...charged };
}
