/** Builds the error of a call that no provider answered, with one entry per provider. */
import { type ErrorCode, ServiceError, type SpentLimit, withExtra } from '../errors.ts';
import { describeBudgetRefusal, describeSpent, sentenceOf } from '../limits/refusal-text.ts';
import { spentLimitOf } from '../limits/report-limits.ts';
import type { KnownOperation } from '../providers/provider.ts';
import type { Capability, ProviderTrace, SkippedProvider } from './call.ts';
import type { BadInput, FamilyRefused, PassedOver, ProviderOutcome, UnknownOutcome } from './outcome.ts';

type Outcomes = readonly ProviderOutcome<unknown>[];

/** The error of an outcome that ends the call whatever other providers might answer; null if there is none. */
export function decisiveError(outcomes: Outcomes): ServiceError | null {
  for (const outcome of outcomes) {
    if (outcome.kind === 'bad_input') return badInput(outcome);
    if (outcome.kind === 'family_refused') return familyRefused(outcome);
    if (outcome.kind === 'unknown_outcome') return unknownOutcome(outcome, outcomes);
    if (outcome.kind === 'cancelled') return new ServiceError('GATEWAY_TIMEOUT', 'The call was cancelled.');
  }
  return null;
}

/** True if every provider was asked and found nothing. */
export function foundNothing(outcomes: Outcomes): boolean {
  return outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'empty');
}

/** The error of a call for which all providers found nothing. */
export function notFound(
  { family, operation }: Pick<Capability<KnownOperation>, 'family' | 'operation'>,
  attempts: readonly ProviderTrace[],
): ServiceError {
  const code =
    operation === 'distance' ? 'ROUTE_NOT_FOUND' : family === 'geocoding' ? 'ADDRESS_NOT_FOUND' : 'NOT_FOUND';
  return new ServiceError(code, 'No provider found anything.', { extra: { attempts } });
}

/**
 * The error of a chain without an answer in which at least one provider failed. An unusable answer outweighs a
 * time-out, and a time-out outweighs an unreachable or skipped provider. If limits or budgets refused all of them, the
 * error is a 429, because waiting is enough.
 */
export function unanswered(outcomes: Outcomes, nowMs: number): ServiceError {
  const attempts = tracesOf(outcomes, nowMs);
  const code = mustReconnect(outcomes) ? 'RECONNECT_REQUIRED' : codeOf(attempts);
  const limit = code === 'RATE_LIMIT_EXCEEDED' ? limitOf(outcomes) : null;
  return new ServiceError(code, detailOf(code, attempts, outcomes.some(isShareSpent)), {
    extra: { attempts },
    ...(limit === null ? {} : { limit }),
    ...retryAfter(code, attempts, 0),
  });
}

/**
 * The error for an answer below the required confidence, if a failed or skipped provider might have answered better:
 * that is not "not found". `best` is the answer; `ageSeconds` is the age of its `attempts`.
 */
export function withheld(
  attempts: readonly ProviderTrace[],
  best: { readonly provider: string },
  ageSeconds: number,
): ServiceError {
  const code = codeOf(attempts);
  return new ServiceError(code, detailOf(code, attempts), {
    provider: best.provider,
    extra: { attempts, best },
    ...retryAfter(code, attempts, ageSeconds),
  });
}

/** The earliest time at which one of the providers may be asked again. */
function retryAfter(
  code: ErrorCode,
  attempts: readonly ProviderTrace[],
  ageSeconds: number,
): { readonly retryAfterSeconds?: number } {
  const soonest = Math.min(...attempts.map((attempt) => attempt.retry_after_seconds ?? Number.POSITIVE_INFINITY));
  if (code === 'PROVIDER_ERROR' || !Number.isFinite(soonest)) return {};
  return { retryAfterSeconds: Math.max(1, soonest - ageSeconds) };
}

/** Longer texts are cut; `attempts` has the full text. */
const maxDetailChars = 500;

/** Includes each provider's reason, because many programs show only this text of an error. */
function detailOf(code: ErrorCode, attempts: readonly ProviderTrace[], isShare = false): string {
  // Waiting does not help: usually the tenant is new or the name is misspelt.
  if (attempts.length === 0) {
    return 'This tenant has no active service that can do this: an administrator registers one with POST /api/v1/services.';
  }
  const reasons = attempts.map(({ provider, message }) => `${provider}: ${message.replace(/\.$/, '')}`).join('; ');
  const message = (isShare ? shareMessages[code] : undefined) ?? messages[code];
  const detail = `${message ?? 'No provider answered.'} ${reasons}.`;
  return detail.length > maxDetailChars ? `${detail.slice(0, maxDetailChars - 1)}…` : detail;
}

const messages: Partial<Record<ErrorCode, string>> = {
  RATE_LIMIT_EXCEEDED: 'The limits of every provider are spent.',
  BUDGET_EXCEEDED: 'The budget for every provider is spent.',
  PROVIDER_ERROR: 'No provider gave a usable answer.',
  GATEWAY_TIMEOUT: 'No provider answered in time.',
  SERVICE_UNAVAILABLE: 'No provider can be asked at the moment.',
  RECONNECT_REQUIRED: 'The service must be connected again.',
};
/** The messages if another replica may still have a part of a limit or budget. */
const shareMessages: Partial<Record<ErrorCode, string>> = {
  RATE_LIMIT_EXCEEDED: 'The limits of every provider are spent, or this replica’s share of them.',
  BUDGET_EXCEEDED: 'The budget for every provider is spent, or this replica may spend no more of it at the moment.',
};

/** Whether only this replica may spend no more: other replicas may still have a part of the limit or budget. */
function isShareSpent(outcome: ProviderOutcome<unknown>): boolean {
  if (outcome.kind !== 'passed_over') return false;
  return outcome.refusedBy?.share !== undefined || (outcome.budgetRefusal ?? 'spent') !== 'spent';
}

/** Whether a person must reconnect each provider that failed. */
function mustReconnect(outcomes: Outcomes): boolean {
  const causes = outcomes.filter(({ kind }) => kind !== 'empty' && kind !== 'answered');
  return causes.length > 0 && causes.every((cause) => cause.kind === 'failed' && cause.needsReconnect === true);
}

/** The error code for the outcomes that gave no answer; "nothing found" is not a cause. */
function codeOf(attempts: readonly ProviderTrace[]): ErrorCode {
  const causes = attempts.map(({ outcome }) => outcome).filter((outcome) => !answers.has(outcome));
  if (causes.length === 0) return 'SERVICE_UNAVAILABLE';
  if (causes.every((cause) => cause === 'budget')) return 'BUDGET_EXCEEDED';
  // Some are limited, the others over budget: only waiting for a limit can help this month.
  if (causes.every((cause) => cause === 'limit' || cause === 'throttled' || cause === 'budget')) {
    return 'RATE_LIMIT_EXCEEDED';
  }
  if (causes.includes('unusable') || causes.includes('denied')) return 'PROVIDER_ERROR';
  return causes.includes('timeout') ? 'GATEWAY_TIMEOUT' : 'SERVICE_UNAVAILABLE';
}

const answers: ReadonlySet<string> = new Set(['not_found', 'good', 'poor']);

/** Whether a failed or skipped provider might have changed the chain's answer. */
export function isDegraded(outcomes: Outcomes): boolean {
  return outcomes.some(({ kind }) => kind !== 'answered' && kind !== 'empty');
}

/** The skipped providers, as answers list them. */
export function skippedOf(outcomes: Outcomes): readonly SkippedProvider[] {
  return outcomes.flatMap((outcome) =>
    outcome.kind === 'passed_over'
      ? [
          {
            provider: outcome.service.serviceName,
            because: outcome.because === 'uncounted' ? 'limit' : outcome.because,
          } as const,
        ]
      : [],
  );
}

/** The refusing limit that ends first; null if a provider itself refused, because its limit is unknown. */
function limitOf(outcomes: Outcomes): SpentLimit | null {
  const refused = outcomes.flatMap((outcome) =>
    outcome.kind === 'passed_over' && outcome.refusedBy !== null && outcome.refusedBy.isPause !== true
      ? [{ state: outcome.refusedBy, untilMs: outcome.untilMs ?? Number.POSITIVE_INFINITY }]
      : [],
  );
  const [soonest] = refused.sort((one, other) => one.untilMs - other.untilMs);
  return soonest === undefined ? null : spentLimitOf(soonest.state);
}

/** Describes each outcome. `nowMs` null: without retry times. */
export function tracesOf(outcomes: Outcomes, nowMs: number | null): readonly ProviderTrace[] {
  return outcomes.map((outcome) => ({
    provider: outcome.service.serviceName,
    ...describe(outcome),
    ...waitOf(outcome, nowMs),
  }));
}

function waitOf(outcome: ProviderOutcome<unknown>, nowMs: number | null): { readonly retry_after_seconds?: number } {
  const untilMs = outcome.kind === 'throttled' || outcome.kind === 'passed_over' ? outcome.untilMs : null;
  if (nowMs === null || untilMs === null || !Number.isFinite(untilMs)) return {};
  return { retry_after_seconds: Math.max(1, Math.ceil((untilMs - nowMs) / 1000)) };
}

const passedOverMessages = {
  uncounted: 'the remainder of its limit is not known at the moment',
  breaker: 'its circuit breaker is open after repeated failures',
  busy: 'too many calls are waiting for it',
} as const;

/** A refused key needs an admin; waiting does not help. */
const keyRefused = 'it refuses the credentials of this service: change them, or check the service once they are valid';

function messageOfPassedOver({ because, refusedBy, openedBy, budgetRefusal }: PassedOver): string {
  if (openedBy === 'denied') return keyRefused;
  if (refusedBy?.isPause === true) return 'it asked for a pause';
  if (because === 'budget') return describeBudgetRefusal('its budget', budgetRefusal ?? 'spent');
  return because === 'limit' ? describeSpent('its limit', refusedBy ?? {}) : passedOverMessages[because];
}

function describe(outcome: ProviderOutcome<unknown>): Pick<ProviderTrace, 'outcome' | 'message'> {
  switch (outcome.kind) {
    case 'passed_over':
      return { outcome: outcome.because, message: messageOfPassedOver(outcome) };
    case 'failed':
      return { outcome: outcome.fault, message: outcome.message };
    case 'empty':
      return { outcome: 'not_found', message: 'it found nothing' };
    case 'answered':
      return { outcome: outcome.quality, message: 'it answered' };
    case 'family_refused':
      return { outcome: 'limit', message: describeSpent('the limit of the tenant', outcome.refusal.refusedBy) };
    case 'cancelled':
      return { outcome: 'cancelled', message: 'the call was cancelled' };
    default:
      return { outcome: outcome.kind, message: outcome.message };
  }
}

const codeByStatus = {
  400: 'INVALID_REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
} as const satisfies Record<BadInput['status'], ErrorCode>;

function badInput({ service, status, message }: BadInput): ServiceError {
  return new ServiceError(codeByStatus[status], message, { status, provider: service.serviceName });
}

function familyRefused({ refusal }: FamilyRefused): ServiceError {
  const { subject, maxRequests, windowType } = refusal.refusedBy;
  const seconds = Math.ceil(refusal.retryAfterMs / 1000);
  return new ServiceError(
    'RATE_LIMIT_EXCEEDED',
    sentenceOf(
      describeSpent(`the limit of ${maxRequests} ${subject.name} requests a ${windowType}`, refusal.refusedBy),
    ),
    {
      limit: spentLimitOf(refusal.refusedBy),
      ...(Number.isFinite(seconds) ? { retryAfterSeconds: Math.max(1, seconds) } : {}),
    },
  );
}

function unknownOutcome(outcome: UnknownOutcome, outcomes: Outcomes): ServiceError {
  return new ServiceError('GATEWAY_TIMEOUT', 'It is not known whether the request was carried out.', {
    provider: outcome.service.serviceName,
    extra: { outcome: 'unknown', attempts: tracesOf(outcomes, null) },
  });
}

/** Marks the error's outcome as unknown: the change may have been made. */
export function withUnknownOutcome(error: ServiceError): ServiceError {
  return withExtra(error, { outcome: 'unknown' });
}
