/** Types of receiving: input, dependencies, results. */
import type { Masker } from '../../audit/mask.ts';
import type { Clock } from '../../clock.ts';
import type { WebhookDirectory } from '../../directory/webhook-directory.ts';
import type { TenantId } from '../../ids.ts';
import type { Intake } from '../../intake/intake.ts';
import type { LimitState } from '../../limits/limits.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';
import type { HandshakeReply } from '../source.ts';
import type { Webhook } from '../webhook.ts';
import type { WebhookRateLimit } from './rate-limit.ts';
import type { RefusedDelivery } from './refused-deliveries.ts';
import type { TraceBudget } from './trace-budget.ts';

/** An unchecked delivery, as the edge receives it. */
export interface IncomingDelivery {
  /** Hex SHA-256 of the token in the path. */
  readonly tokenHashHex: string;
  readonly headers: DeliveryHeaders;
  readonly contentType: string | null;
  readonly sourceAddress: string | null;
  readonly requestId: string;
  /** The query of its URL. */
  query(): URLSearchParams;
  /** The raw bytes, or the size if it exceeds `maxBytes`. Throws if the sender disconnected. */
  readBody(maxBytes: number, tenantId: TenantId): Promise<Buffer | { readonly tooLargeBytes: number }>;
}

/** The facts of any request, before its body is read. */
export type DeliveryEnvelope = Omit<IncomingDelivery, 'readBody' | 'query'>;
export type DeliveryFacts = Omit<DeliveryEnvelope, 'tokenHashHex'>;

export type Reception = (
  | { readonly status: 'accepted' | 'duplicate'; readonly eventId: string }
  | { readonly status: 'ignored' }
  | { readonly status: 'handshake'; readonly reply: HandshakeReply }
) & {
  readonly tenantId: TenantId;
  /** The remainder of the tenant's limit; null if nothing was charged. */
  readonly limit: LimitState | null;
};

export interface ReceiveDeps {
  readonly webhooks: Pick<WebhookDirectory<Webhook>, 'find'>;
  readonly intake: Pick<Intake, 'record'>;
  readonly rateLimit: WebhookRateLimit;
  readonly traceBudget: TraceBudget;
  /** Whether this limit was not announced a moment ago. */
  shouldAnnounce(tenantId: string, state: LimitState): boolean;
  readonly masker: Pick<Masker, 'headers'>;
  readonly metrics: Pick<Metrics, 'webhookDelivery' | 'rateLimitExceeded' | 'rateLimitUtilization'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** Called when a delivery for a target was stored. */
  onTargetDelivery(): void;
  /** For 24 hours. */
  keepRefused(delivery: RefusedDelivery): Promise<void>;
  /** Called when the sender repeats a stored delivery: if its target did not accept it, it is tried again. */
  onSentAgain(tenantId: TenantId, eventId: string): void;
}
