/**
 * One request to Google for however many callers: through the gateway's own stages (breaker, limits, attempt, audit),
 * with the account that has most quota left, and another one where that account cannot serve.
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
import type { LimitState, RateLimiter } from '../limits/limits.ts';
import type { createRefusalNotes } from '../limits/refusal-notes.ts';
import type { InputOf, KnownOperation, OutputOf } from '../providers/provider.ts';
import type { Spending } from './limits/spending.ts';

export interface AskDeps {
  readonly calls: CallDeps;
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly announceRefusal: ReturnType<typeof createRefusalNotes>;
  readonly spending: Pick<Spending, 'note'>;
}

export interface SheetsQuestion<Op extends KnownOperation> {
  readonly capability: Capability<Op>;
  readonly input: InputOf<Op>;
  readonly spreadsheetId: string;
  /** Whose request it is in the audit: the first of its callers. */
  readonly caller: Caller;
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal;
  /** What we look up for a change ourselves: it spends the account's quota, and not the tenant's limit. */
  readonly isOwn?: boolean;
}

export type Asked<Value> =
  | { readonly kind: 'answered'; readonly answer: Answered<Value>; readonly familyState: LimitState | null }
  /** Only limits stand in the way: the same may be asked from `untilMs` on. Nothing was sent. */
  | { readonly kind: 'limited'; readonly untilMs: number; readonly error: ServiceError }
  | { readonly kind: 'bad_input'; readonly status: 400 | 403 | 404 | 413; readonly error: ServiceError }
  /**
   * `settled`: Google has ended its work, so that looking there tells what was done. `isUnrecorded`: it may even be
   * known here, but could not be written down, and a caller is answered only after that.
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
   * A row of the audit for a call that a limit or a budget turned away: each caller that shared a request has one, and
   * callers who only waited for it to end have none. Nothing where `error` is no such refusal. Throws
   * `SERVICE_UNAVAILABLE` where it cannot be written down.
   */
  noteTurnedAway(caller: Caller, capability: Capability<KnownOperation>, error: unknown): Promise<void>;
}

/** How long an account that was refused a spreadsheet is asked last. */
const refusedForMs = 300_000;
const maxRefusals = 10_000;
const refusalCodes: ReadonlySet<ErrorCode> = new Set(['RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED']);

export function createAccounts(deps: AskDeps): Accounts {
  const { calls } = deps;
  const chainDeps: ChainDeps = { ...calls, announceRefusal: deps.announceRefusal };
  /** What the errors of refused requests came from. A waiting call is refused with one of them. */
  const refusedWith = new WeakMap<ServiceError, readonly ProviderOutcome<unknown>[]>();
  /** Until when an account is known to be refused, by tenant, account and spreadsheet. */
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
        const left = states.map((state) => state.maxRequests - state.usedRequests);
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

/** Not shared with this account, or not even visible to it: another may see it. */
function isRefusedFile(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'bad_input' && (outcome.status === 403 || outcome.status === 404);
}

/** A request that may have been carried out is not repeated by another account. */
function mayAskAnother(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'passed_over' || outcome.kind === 'throttled' || outcome.kind === 'failed';
}

/** A read that could not be written down is not kept: the caller asks again without harm. */
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
  /** What was refused or has failed was charged all the same, and says what it has left. */
  const ending = (error: ServiceError): ServiceError =>
    familyState === null ? error : withCall(error, { familyLimit: familyLimitOf(familyState, nowMs), cache: null });
  const limitEnds = outcomes.map((outcome) => limitEndsAtMs(outcome, nowMs));
  const decisive = outcomes.find(({ kind }) => kind === 'unknown_outcome' || kind === 'bad_input');
  if (decisive?.kind === 'unknown_outcome') {
    const error = decisiveError([decisive]) as ServiceError;
    return { kind: 'unknown', settled: decisive.settled === true, isUnrecorded: false, error: ending(error) };
  }
  // Where one account is refused and another has no quota left, the other may yet be the right one.
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
    return { kind: 'bad_input', status: decisive.status, error: ending(decisiveError([decisive]) as ServiceError) };
  }
  const mayHaveArrived = outcomes.some((outcome) => outcome.kind === 'failed' && outcome.fault !== 'denied');
  return { kind: 'failed', error: ending(decisiveError(outcomes) ?? unanswered(outcomes, nowMs)), mayHaveArrived };
}

/** By limits and budgets alone; what an outage did is recorded once, with the request that met it. */
function turnsAway<Value>(asked: Asked<Value>): asked is Extract<Asked<Value>, { kind: 'limited' | 'failed' }> {
  return asked.kind === 'limited' || (asked.kind === 'failed' && refusalCodes.has(asked.error.code));
}
