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

/** One provider that was asked or passed over, and why: the `attempts` of an error. */
export interface ProviderTrace {
  readonly provider: string;
  readonly outcome: string;
  readonly message: string;
  /** Where it is known when asking it makes sense again. */
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
  /** Places among the inputs that were planned for, in the order of the request's own elements. */
  readonly members: readonly number[];
}

/** How calls that are made together share requests. */
export interface Sharing<Op extends KnownOperation> {
  /** Requests that ask for these inputs, each once, and for nothing else; as few as the vendor allows. */
  plan(inputs: readonly InputOf<Op>[], adapter: Adapter): readonly SharedRequest<Op>[];
  /** The same in two requests, where one is more than a limit, a budget or the vendor allows. */
  halve(request: SharedRequest<Op>): readonly SharedRequest<Op>[];
  /** What the answer says of each member, in their order. */
  verdictsOf(output: OutputOf<Op>): readonly Verdict<OutputOf<Op>>[];
}

/**
 * One kind of call: the constants of an operation, written once beside its capability (geocoding, sheets, proxy).
 */
/** The progress of a body that goes out as it comes. */
export interface Upload {
  /** How long nothing may pass of it, in milliseconds. */
  readonly idleMs: number;
  isWhole(): boolean;
  /** Milliseconds since anything passed of it. */
  silentMs(): number;
}

export interface Capability<Op extends KnownOperation> {
  readonly operation: Op;
  readonly family: Family;
  readonly serviceType: ServiceType;
  /** True where repeating after an unknown outcome changes nothing. */
  readonly safeToRepeat: boolean;
  /** null: never cached. */
  readonly cache: {
    readonly ttlSeconds: number;
    readonly negativeTtlSeconds: number;
    /** For an answer that a provider which failed or was passed over might have bettered. Default: as any other. */
    readonly degradedTtlSeconds?: number;
    /** How long past its TTL an answer may be served when every provider fails. */
    readonly staleSeconds: number;
  } | null;
  /** How long this very answer may be kept, where it is the answer that says so; null: not at all. Default: as above. */
  lifetimeOf?(output: OutputOf<Op>): Lifetime | null;
  /** How a kept answer past its time is asked after, in the place of asking for all of it; null where it cannot be. */
  revalidate?(input: InputOf<Op>, keptBody: Buffer): Revalidation<Op> | null;
  /**
   * Carries an answer to its caller that is still coming in when it is known to be one; null where all of it is there.
   * `signal` aborts when no caller waits any more; `release` where the answer can be given to no other caller.
   */
  carry?(output: OutputOf<Op>, flight: Pick<Flight, 'signal' | 'release'>): Promise<Carried> | null;
  /** The part of the service that a call is about, where failures of one part may be its own: a path, a spreadsheet. */
  partOf?(input: InputOf<Op>): string;
  /** The answer as it is judged, compared and rendered, whichever provider gave it. Default: as the adapter read it. */
  refine?(output: OutputOf<Op>, input: InputOf<Op>): OutputOf<Op>;
  /** `good` ends the chain; `poor` asks the next provider too, and the best answer wins. */
  judge?(output: OutputOf<Op>, input: InputOf<Op>): 'good' | 'poor';
  /** Higher is better; compares poor answers. */
  score?(output: OutputOf<Op>): number;
  /** Cost in quota units and dollars of one attempt, in billed elements. Default 1. */
  billedUnits?(input: InputOf<Op>): number;
  /** Absent: calls made together have a request each. */
  readonly sharing?: Sharing<Op>;
  /** What an account is limited by, where it is not simply its four windows. */
  limitsOf?(service: ExternalService): readonly LimitSubject[];
}

export interface Confirmed<Op extends KnownOperation> {
  /** What says how long it is kept; its content is that of the body below. */
  readonly output: OutputOf<Op>;
  /** As it is sent, and kept from now on. */
  readonly body: Buffer;
  /** True where what was kept says the same, but for headers of the one request. */
  readonly isUnchanged: boolean;
}

/** A question whether a kept answer still holds (RFC 9111, 4.3). */
export interface Revalidation<Op extends KnownOperation> {
  readonly input: InputOf<Op>;
  /**
   * The kept answer as it is now, where the provider confirms it; `replaced` by what it says instead; `unclear` where it
   * confirms something that is not kept, so that all of it must be asked for.
   */
  read(output: OutputOf<Op>): Confirmed<Op> | 'replaced' | 'unclear';
}

/** Whether one of several calls was charged to the tenant's own limit; null while none has tried. */
export interface SharedCharge {
  granted: Promise<boolean> | null;
}

export interface Call<Op extends KnownOperation = KnownOperation> {
  readonly tenantId: TenantId;
  readonly capability: Capability<Op>;
  readonly input: InputOf<Op>;
  /** The canonical question: equal for inputs that must share one answer. Names language, country and the like too. */
  readonly question: string;
  /** What writes invalidate together, and the part of it that the answer shows (`cache/cached-answer.ts`). */
  readonly cacheScope?: { readonly scope: string; readonly detail: string | null };
  /** Shares a fetch with calls of its kind only, where the request says more than its question (`cache/single-flight.ts`). */
  readonly flightKind?: string;
  /** What the question is about, where services may have another priority there. */
  readonly place?: QuestionPlace;
  /** null: chosen by priority; a service name: that one only, without failover. */
  readonly provider: string | null;
  /** `no-cache` is refresh (fill, do not read), `no-store` is off. */
  readonly cacheMode: CacheMode;
  readonly requestId: string;
  readonly traceparent: string | null;
  readonly sourceService: string | null;
  /** Whose credential asked: `token:NAME`, `jwt:SUB`. */
  readonly principal: string | null;
  /** Names of the only services that the caller may use. null or absent: all. */
  readonly services?: ReadonlySet<string> | null;
  /** Unix milliseconds after which the caller is not served any more. */
  readonly deadlineAtMs: number;
  /** Shared by the calls of one request that the tenant's own limit counts once. */
  readonly familyCharge?: SharedCharge;
  /** Asked beside a call that was answered, to compare the answers. */
  readonly isShadow?: true;
  /** Unix milliseconds by which a streamed answer begins; the deadline is then that of its end. */
  readonly beginsByMs?: number;
  /** A body that goes out as it comes: its provider's time for an answer begins when it has passed. */
  readonly upload?: Upload;
  /** How long the call may wait for its turn under a limit before it gets 429. 0: not at all. */
  readonly maxWaitMs: number;
}

/** What the caller's body is made of when an answer is fresh; the stored bytes are rendered with `cached: true`. */
export interface AnswerContext {
  readonly provider: string;
  readonly attemptedProviders: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  /** Set where a provider that failed or was passed over might have bettered the answer: what became of each. */
  readonly degradedBy: readonly ProviderTrace[] | null;
  readonly cached: boolean;
  /** What the provider took when it was asked. */
  readonly responseTimeMs: number;
}

/** `REVALIDATED`: the provider was asked whether the kept answer still holds, and it does. */
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
  /** True for an answer past its time that was given at once: the caller has it refreshed. */
  readonly isRefreshDue?: boolean;
  readonly provider: string;
  /** For `RateLimit` headers; null where nothing was charged. */
  readonly familyLimit: { readonly limit: number; readonly remaining: number; readonly resetSeconds: number } | null;
}

/** What had passed when an answer's body ended, for its audit row. */
export interface Carried {
  /** The beginning, as far as the audit keeps it. */
  readonly responseBody: Buffer;
  readonly responseSizeBytes: number;
  readonly requestBody: Buffer | null;
  readonly requestSizeBytes: number;
  /** null: it came to its end. */
  readonly fault: { readonly status: AuditStatus; readonly errorCode: string; readonly errorMessage: string } | null;
}

export type Render<Op extends KnownOperation> = (output: OutputOf<Op>, context: AnswerContext) => unknown;

/** `executeCall`, as the capabilities above the gateway see it. Throws `ServiceError`. */
export interface CallExecutor {
  /** The answer where memory has it fresh, without waiting: the whole way of most calls. Throws what it says, as `execute` does. */
  findInMemory(call: Call): CallResult | null;
  execute<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>, signal: AbortSignal): Promise<CallResult>;
  /**
   * Calls of one request, each with a cache key, a cost and an error of its own; those that no cache answers share
   * requests to the providers. No two may ask the same question.
   */
  executeTogether<Op extends KnownOperation>(
    calls: readonly Call<Op>[],
    render: Render<Op>,
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<CallResult>[]>;
  /**
   * Asks anew for an answer that was given past its time, once over all replicas: a call like any other, charged and
   * written down. Throws nothing; a failure is logged.
   */
  refresh<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>): Promise<void>;
}
