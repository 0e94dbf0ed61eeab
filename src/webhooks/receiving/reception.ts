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

/** What the edge hands over: nothing of it has been looked at. */
export interface IncomingDelivery {
  /** Hex SHA-256 of the token in the path. */
  readonly tokenHashHex: string;
  readonly headers: DeliveryHeaders;
  readonly contentType: string | null;
  readonly sourceAddress: string | null;
  readonly requestId: string;
  /** Of the address it was posted to. */
  query(): URLSearchParams;
  /** The raw bytes, or how many are known of where there are more than `maxBytes`. Throws where the sender broke off. */
  readBody(maxBytes: number, tenantId: TenantId): Promise<Buffer | { readonly tooLargeBytes: number }>;
}

/** What is known of any request, whatever it brings. */
export type Arrived = Omit<IncomingDelivery, 'readBody' | 'query'>;
export type Described = Omit<Arrived, 'tokenHashHex'>;

export type Reception = (
  | { readonly status: 'accepted' | 'duplicate'; readonly eventId: string }
  | { readonly status: 'ignored' }
  | { readonly status: 'handshake'; readonly reply: HandshakeReply }
) & {
  readonly tenantId: TenantId;
  /** What is left of the tenant's limit; null if nothing was charged. */
  readonly limit: LimitState | null;
};

export interface ReceiveDeps {
  readonly webhooks: Pick<WebhookDirectory<Webhook>, 'find'>;
  readonly intake: Pick<Intake, 'record'>;
  readonly rateLimit: WebhookRateLimit;
  readonly traceBudget: TraceBudget;
  /** True where this limit was not announced a moment ago. */
  shouldAnnounce(tenantId: string, state: LimitState): boolean;
  readonly masker: Pick<Masker, 'headers'>;
  readonly metrics: Pick<Metrics, 'webhookDelivery' | 'rateLimitExceeded' | 'rateLimitUtilization'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** A delivery for a target has just been stored. */
  onTargetDelivery(): void;
  /** For 24 hours. */
  keepRefused(delivery: RefusedDelivery): Promise<void>;
  /** The sender sends a delivery again that is stored: where its target did not take it, it is tried again. */
  onSentAgain(tenantId: TenantId, eventId: string): void;
}
