/**
 * Sends one request to Google for one or many callers, through the gateway's stages (breaker, limits, attempt, audit).
 * Chooses the account with the most quota left, and another account if that one cannot serve the request.
 */

import { setBounded } from '../bounded-map.ts';
import { type ErrorCode, ServiceError, withCall } from '../errors.ts';
import { askChain, type ChainDeps, limitEndsAtMs, noteRefusal, recordOf, writeDown } from '../gateway/ask-chain.ts';
import type { Call, Capability } from '../gateway/call.ts';
import { familyLimitOf } from '../gateway/call-result.ts';
import type { Caller } from '../gateway/caller.ts';
import type { CallDeps } from '../gateway/deps.ts';
import { decisiveError, unanswered } from '../gateway/no-answer.ts';
import type { Answered, ProviderOutcome } from '../gateway/outcome.ts';
import { type Provider, resolveProviders } from '../gateway/resolve-providers.ts';
import { traceSkipped } from '../gateway/trace-steps.ts';
import type { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import { type LimitState, type RateLimiter, remainingOf } from '../limits/limits.ts';
import type { InputOf, KnownOperation, OutputOf } from '../providers/provider.ts';
import type { Spending } from './limits/spending.ts';

export interface AskDeps {
  readonly calls: CallDeps;
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly announceRefusal: ReturnType<typeof createAnnouncementThrottle>;
  readonly spending: Pick<Spending, 'note'>;
}

export interface SheetsQuestion<Op extends KnownOperation> {
  readonly capability: Capability<Op>;
  readonly input: InputOf<Op>;
  readonly spreadsheetId: string;
  /** The caller named in the audit row: the first one of the request. */
  readonly caller: Caller;
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal;
  /** A look-up that this service makes for a change: it spends the account's quota, but not the tenant's limit. */
  readonly isOwn?: boolean;
}

export type Asked<Value> =
  | { readonly kind: 'answered'; readonly answer: Answered<Value>; readonly familyState: LimitState | null }
  /** Only limits stood in the way, and nothing was sent. The same request may be sent from `untilMs` on. */
  | { readonly kind: 'limited'; readonly untilMs: number; readonly error: ServiceError }
  /** `mayBeOne`: one of the ranges may be the cause, so that the others alone may be answered. */
  | {
      readonly kind: 'bad_input';
      readonly status: 400 | 403 | 404 | 413;
      readonly mayBeOne: boolean;
      readonly error: ServiceError;
    }
  /**
   * `settled`: Google has finished, so reading the spreadsheet shows what was done. `isUnrecorded`: the outcome may be
   * known, but the audit row could not be written, and a caller is answered only after that.
   */
  | {
      readonly kind: 'unknown';
      readonly settled: boolean;
      readonly isUnrecorded: boolean;
      readonly error: ServiceError;
    }
  | { readonly kind: 'failed'; readonly error: ServiceError; readonly mayHaveArrived: boolean };

export interface Accounts {
  ask<Op extends KnownOperation>(question: SheetsQuestion<Op>): Promise<Asked<OutputOf<Op>>>;
  /**
   * Writes the audit row of a call that a limit or a budget refused: one per caller of a shared request, none for
   * callers who only waited for it. Does nothing if `error` is not such a refusal. Throws `SERVICE_UNAVAILABLE` if the
   * row cannot be written.
   */
  noteTurnedAway(caller: Caller, capability: Capability<KnownOperation>, error: unknown): Promise<void>;
}

/** For this long, an account that was refused a spreadsheet is tried last. */
const refusedForMs = 300_000;
const maxRefusals = 10_000;
const refusalCodes: ReadonlySet<ErrorCode> = new Set(['RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED']);

export function createAccounts(deps: AskDeps): Accounts {
  const { calls } = deps;
  const chainDeps: ChainDeps = { ...calls, announceRefusal: deps.announceRefusal };
  /** The outcomes behind the error of each refused request; a waiting call is refused with one of those errors. */
  const refusedWith = new WeakMap<ServiceError, readonly ProviderOutcome<unknown>[]>();
  /** Until when an account counts as refused, by tenant, account and spreadsheet. */
  const refusals = new Map<string, number>();
  const refusalOf = (provider: Provider, spreadsheetId: string) =>
    refusals.get(`${provider.service.id} ${spreadsheetId}`) ?? 0;

  const inOrder = async <Op extends KnownOperation>(question: SheetsQuestion<Op>): Promise<readonly Provider[]> => {
    const { capability, caller, spreadsheetId } = question;
    const providers = await resolveProviders(calls, { ...caller, capability, provider: null });
    if (providers.length < 2) return providers;
    const ranked = await Promise.all(
      providers.map(async (provider) => {
        const states = await deps.limiter.peek(caller.tenantId, capability.limitsOf?.(provider.service) ?? []);
        const left = states.map(remainingOf);
        const isRefused = refusalOf(provider, spreadsheetId) > calls.clock.now();
        return { provider, left: Math.min(...left), isRefused };
      }),
    );
    ranked.sort((a, b) => Number(a.isRefused) - Number(b.isRefused) || b.left - a.left);
    return ranked.map(({ provider }) => provider);
  };

  return {
    async ask(question) {
      const chain = await askChain(chainDeps, callOf(question), await inOrder(question), {
        signal: question.signal,
        deadlineAtMs: () => question.deadlineAtMs,
        patientUntilMs: null,
        time: 'whole',
        isOwn: question.isOwn ?? false,
        mayAskNext(outcome, { service }) {
          if (!isRefusedFile(outcome)) return mayAskAnother(outcome);
          const key = `${service.id} ${question.spreadsheetId}`;
          setBounded(refusals, key, calls.clock.now() + refusedForMs, maxRefusals);
          return true;
        },
      });
      const { record, outcomes } = chain;
      for (const outcome of outcomes) {
        const wasAsked = outcome.kind !== 'passed_over' && outcome.kind !== 'family_refused';
        const [own] = wasAsked ? (question.capability.limitsOf?.(outcome.service) ?? []) : [];
        if (own !== undefined) deps.spending.note(own.key, question.caller.sourceService);
      }
      const asked = conclude(outcomes, chain.familyState, calls.clock.now());
      if (turnsAway(asked)) refusedWith.set(asked.error, outcomes);
      else for (const outcome of outcomes) noteRefusal(calls, record, outcome);
      try {
        await writeDown(calls, record);
      } catch (error) {
        if (!(error instanceof ServiceError) || !mayHaveChanged(question.capability, asked)) throw error;
        return { kind: 'unknown', settled: false, isUnrecorded: true, error };
      }
      return asked;
    },
    async noteTurnedAway(caller, capability, error) {
      const outcomes = error instanceof ServiceError ? refusedWith.get(error) : undefined;
      if (outcomes === undefined) return;
      const record = recordOf(chainDeps, { ...caller, capability });
      for (const outcome of outcomes) {
        traceSkipped(record.trace, outcome, calls.clock.now());
        noteRefusal(calls, record, outcome);
      }
      await writeDown(calls, record);
    },
  };
}

function callOf<Op extends KnownOperation>(question: SheetsQuestion<Op>): Call<Op> {
  const { caller, capability, input, deadlineAtMs } = question;
  return { ...caller, capability, input, question: '', provider: null, deadlineAtMs };
}

/** The spreadsheet is not shared with this account or not visible to it; another account may see it. */
function isRefusedFile(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'bad_input' && (outcome.status === 403 || outcome.status === 404);
}

/** A request that may have been carried out is not repeated with another account. */
function mayAskAnother(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'passed_over' || outcome.kind === 'throttled' || outcome.kind === 'failed';
}

/** A read without an audit row is not kept: the caller can safely ask again. */
function mayHaveChanged({ operation }: Capability<KnownOperation>, asked: Asked<unknown>): boolean {
  if (operation === 'sheets_read') return false;
  return asked.kind === 'answered' || asked.kind === 'unknown' || (asked.kind === 'failed' && asked.mayHaveArrived);
}

function conclude<Value>(
  outcomes: readonly ProviderOutcome<Value>[],
  familyState: LimitState | null,
  nowMs: number,
): Asked<Value> {
  const answer = outcomes.find((outcome) => outcome.kind === 'answered');
  if (answer !== undefined) return { kind: 'answered', answer, familyState };
  /** A refused or failed request was charged too, so its error carries the remaining limit. */
  const ending = (error: ServiceError): ServiceError =>
    familyState === null ? error : withCall(error, { familyLimit: familyLimitOf(familyState, nowMs), cache: null });
  const limitEnds = outcomes.map((outcome) => limitEndsAtMs(outcome, nowMs));
  const decisive = outcomes.find(({ kind }) => kind === 'unknown_outcome' || kind === 'bad_input');
  if (decisive?.kind === 'unknown_outcome') {
    const error = decisiveError([decisive]) as ServiceError;
    return { kind: 'unknown', settled: decisive.settled === true, isUnrecorded: false, error: ending(error) };
  }
  // One account was refused and another has no quota left: the other may still work later.
  const untilMs = Math.min(...limitEnds.filter((end) => end !== null));
  if (Number.isFinite(untilMs) && outcomes.every((outcome, at) => limitEnds[at] !== null || outcome === decisive)) {
    const error = decisiveError(outcomes.filter(({ kind }) => kind === 'family_refused'));
    return {
      kind: 'limited',
      untilMs,
      error:
        error ??
        unanswered(
          outcomes.filter((_, at) => limitEnds[at] !== null),
          nowMs,
        ),
    };
  }
  if (decisive?.kind === 'bad_input') {
    const { status } = decisive;
    const mayBeOne = status === 400 && decisive.isForAll !== true;
    return { kind: 'bad_input', status, mayBeOne, error: ending(decisiveError([decisive]) as ServiceError) };
  }
  const mayHaveArrived = outcomes.some((outcome) => outcome.kind === 'failed' && outcome.fault !== 'denied');
  return { kind: 'failed', error: ending(decisiveError(outcomes) ?? unanswered(outcomes, nowMs)), mayHaveArrived };
}

/** Only limits and budgets; an outage is recorded once, with the request that met it. */
function turnsAway<Value>(asked: Asked<Value>): asked is Extract<Asked<Value>, { kind: 'limited' | 'failed' }> {
  return asked.kind === 'limited' || (asked.kind === 'failed' && refusalCodes.has(asked.error.code));
}
