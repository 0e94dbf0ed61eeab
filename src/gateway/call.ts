/** A call is one tenant request; it may take several attempts at several providers, or none. */

import type { AuditStatus } from '../audit/entry.ts';
import type { CacheMode } from '../cache/cached-answer.ts';
import type { Lifetime } from '../cache/lifetime.ts';
import type { Flight } from '../cache/single-flight.ts';
import type { ExternalService } from '../directory/service.ts';
import type { QuestionPlace } from '../directory/service-regions.ts';
import type { TenantId } from '../ids.ts';
import type { Family, LimitSubject } from '../limits/limits.ts';
import type { Adapter, InputOf, KnownOperation, OutputOf, ServiceType, Verdict } from '../providers/provider.ts';

export type { Lifetime };

/** One provider that was asked or skipped, and why: an entry in the `attempts` of an error. */
export interface ProviderTrace {
  readonly provider: string;
  readonly outcome: string;
  readonly message: string;
  /** Set if it is known when asking it makes sense again. */
  readonly retry_after_seconds?: number;
}

/** A provider that was not asked, and why. */
export interface SkippedProvider {
  readonly provider: string;
  readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
}

/** One request to a provider that answers several calls. */
export interface SharedRequest<Op extends KnownOperation> {
  readonly input: InputOf<Op>;
  /** Indexes among the planned inputs, in the order of the request's own elements. */
  readonly members: readonly number[];
}

/** How calls made together share requests. */
export interface Sharing<Op extends KnownOperation> {
  /** Plans requests that cover each of these inputs once, and nothing else; as few as the vendor allows. */
  plan(inputs: readonly InputOf<Op>[], adapter: Adapter): readonly SharedRequest<Op>[];
  /** Splits the request in two, if it exceeds a limit, a budget or the vendor's maximum. */
  halve(request: SharedRequest<Op>): readonly SharedRequest<Op>[];
  /** The verdict for each member, in order. */
  verdictsOf(output: OutputOf<Op>): readonly Verdict<OutputOf<Op>>[];
}

/**
 * One kind of call: the constants of an operation, written once beside its capability (geocoding, sheets, proxy).
 */
/** The progress of a request body that is streamed. */
export interface Upload {
  /** The maximum time without progress, in milliseconds. */
  readonly idleMs: number;
  isWhole(): boolean;
  /** Milliseconds since the last progress. */
  silentMs(): number;
}

export interface Capability<Op extends KnownOperation> {
  readonly operation: Op;
  readonly family: Family;
  readonly serviceType: ServiceType;
  /** True if repeating the call after an unknown outcome changes nothing. */
  readonly safeToRepeat: boolean;
  /** null: never cached. */
  readonly cache: {
    readonly ttlSeconds: number;
    readonly negativeTtlSeconds: number;
    /** For an answer that a failed or skipped provider might have improved. Default: as for any other. */
    readonly degradedTtlSeconds?: number;
    /** How long after its TTL an answer may be served if every provider fails. */
    readonly staleSeconds: number;
  } | null;
  /** How long this particular answer may be kept, if the answer itself says so; null: not at all. Default: as above. */
  lifetimeOf?(output: OutputOf<Op>): Lifetime | null;
  /** How to revalidate a kept answer past its TTL instead of fetching it again; null if it cannot be revalidated. */
  revalidate?(input: InputOf<Op>, keptBody: Buffer): Revalidation<Op> | null;
  /**
   * Streams an answer to its caller while it still arrives; null if it has arrived completely. `signal` aborts when no
   * caller waits any more; call `release` if the answer can be given to no other caller.
   */
  carry?(output: OutputOf<Op>, flight: Pick<Flight, 'signal' | 'release'>): Promise<Carried> | null;
  /** The part of the service that a call concerns, if parts can fail separately: a path, a spreadsheet. */
  partOf?(input: InputOf<Op>): string;
  /**
   * The answer as it is judged, compared and rendered, the same for every provider. Default: as the adapter parsed it.
   */
  refine?(output: OutputOf<Op>, input: InputOf<Op>): OutputOf<Op>;
  /** `good` ends the chain; `poor` asks the next provider too, and the best answer wins. */
  judge?(output: OutputOf<Op>, input: InputOf<Op>): 'good' | 'poor';
  /** Higher is better; compares poor answers. */
  score?(output: OutputOf<Op>): number;
  /** The billed elements of one attempt, for its cost in quota units and dollars. Default 1. */
  billedUnits?(input: InputOf<Op>): number;
  /** Absent: each call has its own request. */
  readonly sharing?: Sharing<Op>;
  /** The limits of an account, if they are not simply its four windows. */
  limitsOf?(service: ExternalService): readonly LimitSubject[];
}

export interface Confirmed<Op extends KnownOperation> {
  /** Determines how long it is kept; its content is that of the body below. */
  readonly output: OutputOf<Op>;
  /** As it is sent, and stored from now on. */
  readonly body: Buffer;
  /** True if only headers of this request differ from the stored answer. */
  readonly isUnchanged: boolean;
}

/** A conditional request for a kept answer (RFC 9111, 4.3). */
export interface Revalidation<Op extends KnownOperation> {
  readonly input: InputOf<Op>;
  /**
   * The updated answer if the provider confirms it; `replaced` if the provider sends a new one; `unclear` if it
   * confirms an answer that is not the kept one, so that the whole answer must be fetched.
   */
  read(output: OutputOf<Op>): Confirmed<Op> | 'replaced' | 'unclear';
}

/** Whether one of several calls was charged to the tenant's own limit; null until one was tried. */
export interface SharedCharge {
  granted: Promise<boolean> | null;
}

export interface Call<Op extends KnownOperation = KnownOperation> {
  readonly tenantId: TenantId;
  readonly capability: Capability<Op>;
  readonly input: InputOf<Op>;
  /** The canonical question: equal for inputs that must share one answer; includes language, country and the like. */
  readonly question: string;
  /** The scope that writes invalidate, and the part of it that the answer shows (`cache/cached-answer.ts`). */
  readonly cacheScope?: { readonly scope: string; readonly detail: string | null };
  /**
   * The call shares a fetch only with calls of the same kind, for requests that carry more than their question
   * (`cache/single-flight.ts`).
   */
  readonly flightKind?: string;
  /** The place that the question concerns, if services have another priority there. */
  readonly place?: QuestionPlace;
  /** null: chosen by priority; a service name: only that one, without failover. */
  readonly provider: string | null;
  /** `no-cache` is refresh (fill, do not read), `no-store` is off. */
  readonly cacheMode: CacheMode;
  readonly requestId: string;
  readonly traceparent: string | null;
  readonly sourceService: string | null;
  /** The caller's credential: `token:NAME`, `jwt:SUB`. */
  readonly principal: string | null;
  /** Names of the only services that the caller may use; null or absent: all. */
  readonly services?: ReadonlySet<string> | null;
  /** Unix milliseconds after which the caller is no longer served. */
  readonly deadlineAtMs: number;
  /** Shared by the calls of one request, which the tenant's own limit counts once. */
  readonly familyCharge?: SharedCharge;
  /** Made in addition to an answered call, to compare the answers. */
  readonly isShadow?: true;
  /** Unix milliseconds by which a streamed answer must begin; the call's deadline then applies to its end. */
  readonly beginsByMs?: number;
  /** A streamed request body: the provider's time to answer starts when the body has passed. */
  readonly upload?: Upload;
  /** How long the call may wait for a limit before it gets a 429. 0: not at all. */
  readonly maxWaitMs: number;
}

/** Input for rendering a fresh answer; the stored bytes are rendered with `cached: true`. */
export interface AnswerContext {
  readonly provider: string;
  readonly attemptedProviders: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  /** Set if a failed or skipped provider might have improved the answer: the outcome of each. */
  readonly degradedBy: readonly ProviderTrace[] | null;
  readonly cached: boolean;
  /** How long the provider took. */
  readonly responseTimeMs: number;
}

/** `REVALIDATED`: the provider confirmed that the kept answer is still valid. */
export const cacheOutcomes = [
  'HIT-MEMORY',
  'HIT-REDIS',
  'HIT-POSTGRES',
  'STALE',
  'COALESCED',
  'REVALIDATED',
  'MISS',
] as const;
export type CacheOutcome = (typeof cacheOutcomes)[number];

export interface CallResult {
  /** The JSON body, ready to send. */
  readonly body: Buffer;
  readonly cacheOutcome: CacheOutcome;
  readonly ageSeconds: number;
  /** True for an expired answer that was served at once: the caller starts its refresh. */
  readonly isRefreshDue?: boolean;
  readonly provider: string;
  /** For the `RateLimit` headers; null if nothing was charged. */
  readonly familyLimit: { readonly limit: number; readonly remaining: number; readonly resetSeconds: number } | null;
}

/** What had been transferred when an answer's body ended, for its audit row. */
export interface Carried {
  /** The start of the body, as far as the audit log keeps it. */
  readonly responseBody: Buffer;
  readonly responseSizeBytes: number;
  readonly requestBody: Buffer | null;
  readonly requestSizeBytes: number;
  /** null: the body is complete. */
  readonly fault: { readonly status: AuditStatus; readonly errorCode: string; readonly errorMessage: string } | null;
}

export type Render<Op extends KnownOperation> = (output: OutputOf<Op>, context: AnswerContext) => unknown;

/** `executeCall` as the capabilities see it. Throws `ServiceError`. */
export interface CallExecutor {
  /** The fresh answer in memory, synchronously: most calls end here. Throws like `execute`. */
  findInMemory(call: Call): CallResult | null;
  execute<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>, signal: AbortSignal): Promise<CallResult>;
  /**
   * Calls of one request, each with its own cache key, cost and error; those that no cache answers share requests to
   * the providers. No two may ask the same question.
   */
  executeTogether<Op extends KnownOperation>(
    calls: readonly Call<Op>[],
    render: Render<Op>,
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<CallResult>[]>;
  /**
   * Fetches a new answer in place of an expired one that was served, once over all replicas. It is a call like any
   * other, charged and audited. Never throws; a failure is logged.
   */
  refresh<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>): Promise<void>;
}
