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
import type { Shown } from '../schema-parts.ts';
import type { attempt } from './error-members.ts';

export type { Lifetime };

/** One provider that was asked or skipped, and why: an entry in the `attempts` of an error. */
export type ProviderTrace = Shown<typeof attempt>;

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

/** The progress of a request body that is streamed. */
export interface Upload {
  /** The maximum time without progress, in milliseconds. */
  readonly idleMs: number;
  isWhole(): boolean;
  /** Milliseconds since the last progress. */
  silentMs(): number;
}

/** One kind of call: the constants and rules of an operation, defined once in its room (geocoding, sheets, proxy). */
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
    /** For an answer that a failed or skipped provider might have improved. Default: as for other answers. */
    readonly degradedTtlSeconds?: number;
    /** How long after its TTL an answer may be served if every provider fails. */
    readonly staleSeconds: number;
  } | null;
  /** How long this answer may be cached, if the answer itself says so; null: not at all. Default: as in `cache`. */
  lifetimeOf?(output: OutputOf<Op>): Lifetime | null;
  /** How to revalidate an expired answer instead of fetching it again; null if that is not possible. */
  revalidate?(input: InputOf<Op>, keptBody: Buffer): Revalidation<Op> | null;
  /**
   * Streams an answer to its caller while it still arrives; null if it has arrived completely. `signal` aborts when all
   * callers have left; call `release` if no other caller can share the answer.
   */
  carry?(output: OutputOf<Op>, flight: Pick<Flight, 'signal' | 'release'>): Promise<Carried> | null;
  /** The part of the service that a call concerns, if parts can fail separately: a path, a spreadsheet. */
  partOf?(input: InputOf<Op>): string;
  /**
   * Converts the answer before it is judged, compared and rendered, in the same way for every provider. Default:
   * unchanged.
   */
  refine?(output: OutputOf<Op>, input: InputOf<Op>): OutputOf<Op>;
  /** `good` ends the chain; `poor` asks the next provider too, and the best answer wins. */
  judge?(output: OutputOf<Op>, input: InputOf<Op>): 'good' | 'poor';
  /** Compares poor answers; higher is better. */
  score?(output: OutputOf<Op>): number;
  /** The number of billed elements of one attempt, in quota units. Default 1. */
  billedUnits?(input: InputOf<Op>): number;
  /** Absent: each call has its own request. */
  readonly sharing?: Sharing<Op>;
  /** The limits of an account, if they are not simply its four windows. */
  limitsOf?(service: ExternalService): readonly LimitSubject[];
}

/** A cached answer that its provider confirmed. */
export interface Confirmed<Op extends KnownOperation> {
  /** Determines how long the answer is cached; its content is that of `body`. */
  readonly output: OutputOf<Op>;
  /** The body to send and to store. */
  readonly body: Buffer;
  /** True if the stored answer need not change apart from headers of this request. */
  readonly isUnchanged: boolean;
}

/** A conditional request for a cached answer (RFC 9111, 4.3). */
export interface Revalidation<Op extends KnownOperation> {
  readonly input: InputOf<Op>;
  /**
   * Returns the updated answer if the provider confirms it; `replaced` if the provider sent a new one; `unclear` if it
   * confirmed another answer than the cached one, so that the whole answer must be fetched.
   */
  read(output: OutputOf<Op>): Confirmed<Op> | 'replaced' | 'unclear';
}

/** Whether one of several calls was charged to the tenant's own limit; null until one has tried. */
export interface SharedCharge {
  granted: Promise<boolean> | null;
}

/** One call: the question, the caller, and its terms. */
export interface Call<Op extends KnownOperation = KnownOperation> {
  readonly tenantId: TenantId;
  readonly capability: Capability<Op>;
  readonly input: InputOf<Op>;
  /**
   * The canonical form of the question, including language, country and the like: inputs with equal questions share one
   * answer.
   */
  readonly question: string;
  /** The scope that writes invalidate, and the part of it that the answer shows (`cache/cached-answer.ts`). */
  readonly cacheScope?: { readonly scope: string; readonly detail: string | null };
  /**
   * Calls share a fetch only with calls of the same kind; for requests that carry more than their question
   * (`cache/single-flight.ts`).
   */
  readonly flightKind?: string;
  /** The place that the question concerns, if services have another priority there. */
  readonly place?: QuestionPlace;
  /** null: providers by priority; a service name: only that one, without failover. */
  readonly provider: string | null;
  /** `no-cache` is refresh (fill, do not read), `no-store` is off. */
  readonly cacheMode: CacheMode;
  readonly requestId: string;
  readonly traceparent: string | null;
  readonly sourceService: string | null;
  /** The caller's credential: `token:NAME`, `jwt:SUB`. */
  readonly principal: string | null;
  /** Names of the services that the caller may use; null or absent: all. */
  readonly services?: ReadonlySet<string> | null;
  /** The call's deadline, in Unix milliseconds. */
  readonly deadlineAtMs: number;
  /** Shared by the calls of one request, which the tenant's own limit counts once. */
  readonly familyCharge?: SharedCharge;
  /** An additional call that only compares providers' answers. */
  readonly isShadow?: true;
  /** Unix milliseconds by which a streamed answer must begin; the call's deadline then applies to its end. */
  readonly beginsByMs?: number;
  /** A streamed request body: the provider's time to answer starts when the body has passed. */
  readonly upload?: Upload;
  /** How long the call may wait for a spent limit before it gets a 429. 0: not at all. */
  readonly maxWaitMs: number;
}

/** Input for rendering a fresh answer; the stored bytes are rendered with `cached: true`. */
export interface AnswerContext {
  readonly provider: string;
  readonly attemptedProviders: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  /** The outcome of each provider, if a failed or skipped one might have improved the answer; otherwise null. */
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

/** A successful result for one caller. */
export interface CallResult {
  /** The JSON body, ready to send. */
  readonly body: Buffer;
  readonly cacheOutcome: CacheOutcome;
  readonly ageSeconds: number;
  /** True if an expired answer was served at once and the caller must start its refresh. */
  readonly isRefreshDue?: boolean;
  readonly provider: string;
  /** For the `RateLimit` headers; null if nothing was charged. */
  readonly familyLimit: { readonly limit: number; readonly remaining: number; readonly resetSeconds: number } | null;
}

/** The transferred sizes and the start of the bodies, known when a streamed answer has ended, for its audit row. */
export interface Carried {
  /** The start of the body, as far as the audit log keeps it. */
  readonly responseBody: Buffer;
  readonly responseSizeBytes: number;
  readonly requestBody: Buffer | null;
  readonly requestSizeBytes: number;
  /** null: the body is complete. */
  readonly fault: { readonly status: AuditStatus; readonly errorCode: string; readonly errorMessage: string } | null;
}

/** Builds the JSON body of an answer. */
export type Render<Op extends KnownOperation> = (output: OutputOf<Op>, context: AnswerContext) => unknown;

/** `executeCall` as the capabilities see it. Throws `ServiceError`. */
export interface CallExecutor {
  /** Returns the fresh answer in memory, synchronously: most calls end here. Throws like `execute`. */
  findInMemory(call: Call): CallResult | null;
  execute<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>, signal: AbortSignal): Promise<CallResult>;
  /**
   * Executes the calls of one request, each with its own cache key, cost and error. Those that no cache answers share
   * requests to the providers. No two may have the same question.
   */
  executeTogether<Op extends KnownOperation>(
    calls: readonly Call<Op>[],
    render: Render<Op>,
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<CallResult>[]>;
  /**
   * Replaces an expired answer that was served, once over all replicas. This is a call like any other, charged and
   * audited. Never throws; a failure is logged.
   */
  refresh<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>): Promise<void>;
}
