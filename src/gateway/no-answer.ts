/** What a caller is told when no provider gave an answer, and why: one line for each provider. */
import { type ErrorCode, ServiceError, type SpentLimit } from '../errors.ts';
import { spentLimitOf } from '../limits/report-limits.ts';
import type { Family, ProviderTrace } from './call.ts';
import type { BadInput, FamilyRefused, ProviderOutcome, UnknownOutcome } from './outcome.ts';

type Outcomes = readonly ProviderOutcome<unknown>[];

/** The error of an outcome that ends a call whatever other providers might say; null where there is none. */
export function decisiveError(outcomes: Outcomes): ServiceError | null {
  for (const outcome of outcomes) {
    if (outcome.kind === 'bad_input') return badInput(outcome);
    if (outcome.kind === 'family_refused') return familyRefused(outcome);
    if (outcome.kind === 'unknown_outcome') return unknownOutcome(outcome, outcomes);
    if (outcome.kind === 'cancelled') return new ServiceError('GATEWAY_TIMEOUT', 'The call was given up.');
  }
  return null;
}

/** True where every provider was asked and found nothing. */
export function foundNothing(outcomes: Outcomes): boolean {
  return outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'empty');
}

export function notFound(family: Family, attempts: readonly ProviderTrace[]): ServiceError {
  const code = family === 'geocoding' ? 'ADDRESS_NOT_FOUND' : 'NOT_FOUND';
  return new ServiceError(code, 'No provider found anything.', { extra: { attempts } });
}

/**
 * When not all found nothing, and nobody gave an answer. An unusable answer outweighs a time-out, and that a provider
 * that could not be reached or asked. All refused by limits or budgets: 429, since waiting is all that is needed.
 */
export function unanswered(outcomes: Outcomes, nowMs: number): ServiceError {
  const code = codeOf(outcomes);
  const retryAfterSeconds = retryAfterOf(outcomes, nowMs);
  const limit = code === 'RATE_LIMIT_EXCEEDED' ? limitOf(outcomes) : null;
  const attempts = tracesOf(outcomes);
  return new ServiceError(code, detailOf(code, attempts), {
    extra: { attempts },
    ...(limit === null ? {} : { limit }),
    ...(retryAfterSeconds === null || code === 'PROVIDER_ERROR' ? {} : { retryAfterSeconds }),
  });
}

/** Some chains are long, and some providers talkative; `attempts` has it all. */
const longestDetail = 500;

/** With each provider's reason: many programs keep nothing of an error but this. */
function detailOf(code: ErrorCode, attempts: readonly ProviderTrace[]): string {
  // Waiting helps nobody here: mostly a tenant that is new, or a name that is misspelt.
  if (attempts.length === 0) {
    return 'This tenant has no active service that can do this: an administrator registers one with POST /api/v1/services.';
  }
  const reasons = attempts.map(({ provider, message }) => `${provider}: ${message.replace(/\.$/, '')}`).join('; ');
  const detail = `${messages[code] ?? 'No provider answered.'} ${reasons}.`;
  return detail.length > longestDetail ? `${detail.slice(0, longestDetail - 1)}…` : detail;
}

const messages: Partial<Record<ErrorCode, string>> = {
  RATE_LIMIT_EXCEEDED: 'The limits of every provider are spent.',
  BUDGET_EXCEEDED: 'The budget for every provider is spent.',
  PROVIDER_ERROR: 'No provider gave a usable answer.',
  GATEWAY_TIMEOUT: 'No provider answered in time.',
  SERVICE_UNAVAILABLE: 'No provider can be asked at the moment.',
};

function codeOf(outcomes: Outcomes): ErrorCode {
  if (outcomes.length === 0) return 'SERVICE_UNAVAILABLE';
  if (outcomes.every(isLimited)) return 'RATE_LIMIT_EXCEEDED';
  if (outcomes.every((outcome) => outcome.kind === 'passed_over' && outcome.because === 'budget')) {
    return 'BUDGET_EXCEEDED';
  }
  // Some by limits, the rest by budgets: waiting for a limit is all that helps this month.
  if (
    outcomes.every((outcome) => isLimited(outcome) || (outcome.kind === 'passed_over' && outcome.because === 'budget'))
  )
    return 'RATE_LIMIT_EXCEEDED';
  const faults = outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.fault : null));
  if (faults.includes('unusable') || faults.includes('denied')) return 'PROVIDER_ERROR';
  if (faults.includes('timeout')) return 'GATEWAY_TIMEOUT';
  return 'SERVICE_UNAVAILABLE';
}

function isLimited(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'throttled' || (outcome.kind === 'passed_over' && outcome.because === 'limit');
}

/** Of the limits that refused, the one that ends soonest. Null where a provider said so: what it counts by is its own. */
function limitOf(outcomes: Outcomes): SpentLimit | null {
  const refused = outcomes.flatMap((outcome) =>
    outcome.kind === 'passed_over' && outcome.refusedBy !== null && outcome.refusedBy.maxRequests > 0
      ? [{ state: outcome.refusedBy, untilMs: outcome.untilMs ?? Number.POSITIVE_INFINITY }]
      : [],
  );
  const [soonest] = refused.sort((one, other) => one.untilMs - other.untilMs);
  return soonest === undefined ? null : spentLimitOf(soonest.state);
}

/** The soonest at which any of them may be asked again. */
function retryAfterOf(outcomes: Outcomes, nowMs: number): number | null {
  const untilMs = outcomes.flatMap((outcome) =>
    (outcome.kind === 'throttled' || outcome.kind === 'passed_over') && outcome.untilMs !== null
      ? [outcome.untilMs]
      : [],
  );
  const soonestMs = Math.min(...untilMs);
  return Number.isFinite(soonestMs) ? Math.max(1, Math.ceil((soonestMs - nowMs) / 1000)) : null;
}

export function tracesOf(outcomes: Outcomes): readonly ProviderTrace[] {
  return outcomes.map((outcome) => ({ provider: outcome.service.serviceName, ...describe(outcome) }));
}

const passedOverMessages = {
  limit: 'its limit is spent',
  uncounted: 'what is left of its limit cannot be known at the moment',
  breaker: 'it failed too often lately and is not asked for a while',
  budget: 'its budget is spent',
  busy: 'too many calls are waiting for it',
} as const;

/** What an admin does about it is another thing than for a provider that fails: the key, not patience. */
const keyRefused = 'it refuses the credentials of this service: change them, or check the service once they hold';

function describe(outcome: ProviderOutcome<unknown>): Omit<ProviderTrace, 'provider'> {
  switch (outcome.kind) {
    case 'passed_over':
      return {
        outcome: outcome.because,
        message: outcome.openedBy === 'denied' ? keyRefused : passedOverMessages[outcome.because],
      };
    case 'failed':
      return { outcome: outcome.fault, message: outcome.message };
    case 'empty':
      return { outcome: 'not_found', message: 'it found nothing' };
    case 'answered':
      return { outcome: outcome.quality, message: 'it answered' };
    case 'family_refused':
      return { outcome: 'limit', message: 'the limit of the tenant is spent' };
    case 'cancelled':
      return { outcome: 'cancelled', message: 'the call was given up' };
    default:
      return { outcome: outcome.kind, message: outcome.message };
  }
}

function badInput({ service, status, message }: BadInput): ServiceError {
  const code = status === 400 ? 'INVALID_REQUEST' : status === 403 ? 'FORBIDDEN' : 'NOT_FOUND';
  return new ServiceError(code, message, { status, provider: service.serviceName });
}

function familyRefused({ refusal }: FamilyRefused): ServiceError {
  const { subject, maxRequests, windowType } = refusal.refusedBy;
  const seconds = Math.ceil(refusal.retryAfterMs / 1000);
  return new ServiceError(
    'RATE_LIMIT_EXCEEDED',
    `The limit of ${maxRequests} ${subject.name} requests a ${windowType} is spent.`,
    {
      limit: spentLimitOf(refusal.refusedBy),
      ...(Number.isFinite(seconds) ? { retryAfterSeconds: Math.max(1, seconds) } : {}),
    },
  );
}

function unknownOutcome(outcome: UnknownOutcome, outcomes: Outcomes): ServiceError {
  return new ServiceError('GATEWAY_TIMEOUT', 'It is not known whether the request was carried out.', {
    provider: outcome.service.serviceName,
    extra: { outcome: 'unknown', attempts: tracesOf(outcomes) },
  });
}
