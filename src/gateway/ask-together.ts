/**
 * Lets the calls of one request share requests to their providers.
 *
 *   cache of each call ──miss──▶ its group ──every call has asked or left──▶ one chain for calls with the same providers
 *
 * Each call of the request joins a group: it asks its providers there, or leaves if a cache or another caller's fetch
 * answers it. When the last call has asked or left, the chain starts, so no timer is needed. Each provider is asked only
 * for the calls that no earlier provider has answered, in as few requests as its vendor allows. Each request is one audit
 * row, written before its calls are answered.
 */
import type { LimitState } from '../limits/limits.ts';
import type { KnownOperation, OutputOf, Verdict } from '../providers/provider.ts';
import {
  askChain,
  bestOf,
  type Chain,
  type ChainDeps,
  type ChainPolicy,
  limitEndsAtMs,
  noteRefusal,
  recordOf,
  waitForTurn,
  writeDown,
} from './ask-chain.ts';
import { askProvider, defaultBackOffMs } from './ask-provider.ts';
import type { AskContext } from './attempt-once.ts';
import type { Call, SharedRequest, Sharing } from './call.ts';
import { type Answered, leavesOpen, type ProviderOutcome } from './outcome.ts';
import type { Provider } from './resolve-providers.ts';

/** One call's part in the group of its request. */
export interface GroupMembership<Op extends KnownOperation> {
  /** Resolves when the call's providers were asked, together with the other calls of the group. */
  ask(call: Call<Op>, providers: readonly Provider[], policy: ChainPolicy<OutputOf<Op>>): Promise<Chain<OutputOf<Op>>>;
  /** The call asks no provider. Does nothing after the first time, or after `ask`. */
  leave(): void;
}

interface Member<Op extends KnownOperation> {
  readonly call: Call<Op>;
  readonly providers: readonly Provider[];
  readonly policy: ChainPolicy<OutputOf<Op>>;
  readonly outcomes: Map<Provider, ProviderOutcome<OutputOf<Op>>>;
  costUsd: number;
  resolve(chain: Chain<OutputOf<Op>>): void;
  reject(error: unknown): void;
}

/**
 * Maximum splits per group and provider. A request that a limit, a budget or the vendor refuses as too large is split.
 */
const maxSplits = 32;

/** Creates the group of `size` calls; each of them joins once. */
export function createCallGroup<Op extends KnownOperation>(
  deps: ChainDeps,
  size: number,
): { join(): GroupMembership<Op> } {
  let undecided = size;
  let waiting: Member<Op>[] = [];

  const startIfComplete = (): void => {
    if (undecided > 0) return;
    const members = waiting;
    waiting = [];
    for (const group of groupByProviders(members)) void askGroup(deps, group);
  };

  return {
    join() {
      let isUndecided = true;
      const leave = (): void => {
        if (!isUndecided) return;
        isUndecided = false;
        undecided -= 1;
        startIfComplete();
      };
      return {
        leave,
        ask(call, providers, policy) {
          if (call.capability.sharing === undefined) {
            leave();
            return askChain(deps, call, providers, policy);
          }
          return new Promise((resolve, reject) => {
            waiting.push({ call, providers, policy, outcomes: new Map(), costUsd: 0, resolve, reject });
            leave();
            // Start again: this call may have left already, if its own caller has gone and other callers wait for
            // the fetch.
            startIfComplete();
          });
        },
      };
    },
  };
}

/** Regions can change a service's priority, so calls of one request may have different orders. */
function groupByProviders<Op extends KnownOperation>(members: readonly Member<Op>[]): readonly Member<Op>[][] {
  const groups = new Map<string, Member<Op>[]>();
  for (const member of members) {
    const key = member.providers.map(({ service }) => service.id).join();
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  return [...groups.values()];
}

async function askGroup<Op extends KnownOperation>(deps: ChainDeps, members: readonly Member<Op>[]): Promise<void> {
  try {
    const { record, familyState } = await askInOrder(deps, members);
    await writeDown(deps, record);
    for (const member of members) member.resolve(chainOf(member, record, familyState));
  } catch (error) {
    for (const member of members) member.reject(error);
  }
}

/** The result for one call. The group's record has the rows; the record of each call has only its share of the cost. */
function chainOf<Op extends KnownOperation>(
  { call, outcomes, costUsd }: Member<Op>,
  record: AskContext['record'],
  familyState: LimitState | null,
): Chain<OutputOf<Op>> {
  const all = [...outcomes.values()];
  return {
    outcomes: all,
    best: bestOf(call, all),
    record: { ...record, costUsd: () => costUsd, toIntake: () => null },
    familyState,
  };
}

async function askInOrder<Op extends KnownOperation>(
  deps: ChainDeps,
  members: readonly Member<Op>[],
): Promise<AskContext> {
  const [{ call, providers, policy: own }] = members as [Member<Op>, ...Member<Op>[]];
  const context: AskContext = {
    signal: abortWithAll(members.map(({ policy }) => policy.signal)),
    record: recordOf(deps, call, own.trace),
    familyCharged: false,
    familyState: null,
    paidAhead: new Map(),
  };
  const policy: ChainPolicy<never> = {
    signal: context.signal,
    time: 'shared',
    deadlineAtMs: () => Math.max(...members.map((member) => member.policy.deadlineAtMs())),
    patientUntilMs: () => Math.max(...members.map((member) => member.policy.patientUntilMs?.() ?? 0)),
  };
  const noted = new Set<Provider>();

  for (;;) {
    for (const [index, provider] of providers.entries()) {
      const open = members.filter((member) => mayAsk(member, provider));
      if (open.length === 0) continue;
      const nowMs = deps.clock.now();
      const providersLeft = providers.length - index;
      const deadlineAtMs = nowMs + Math.max(0, policy.deadlineAtMs() - nowMs) / providersLeft;
      await askAt(deps, open, provider, context, { deadlineAtMs, isLast: providersLeft === 1 });
      const refused = open.map(({ outcomes }) => outcomes.get(provider)).find((outcome) => isRefused(outcome));
      if (refused !== undefined && !noted.has(provider)) noteRefusal(deps, context.record, refused);
      noted.add(provider);
    }
    const unsettled = members.filter((member) => !isSettled(member));
    const waitable = unsettled.flatMap(({ outcomes }) => [...outcomes.values()].filter(isWaitable));
    if (waitable.length === 0 || !(await waitForTurn(deps, waitable, policy, context.record.trace))) return context;
    for (const { outcomes } of unsettled) {
      for (const [provider, outcome] of outcomes) if (isWaitable(outcome)) outcomes.delete(provider);
    }
  }
}

function isWaitable(outcome: ProviderOutcome<unknown>): boolean {
  return limitEndsAtMs(outcome, 0) !== null;
}

function isRefused(outcome: ProviderOutcome<unknown> | undefined): boolean {
  return outcome?.kind === 'passed_over' || outcome?.kind === 'family_refused';
}

/** Whether the call is answered or ended, so that waiting for a limit cannot change its outcome. */
function isSettled<Op extends KnownOperation>({ outcomes }: Member<Op>): boolean {
  return [...outcomes.values()].some((outcome) => !leavesOpen(outcome) && !isWaitable(outcome));
}

function mayAsk<Op extends KnownOperation>({ outcomes }: Member<Op>, provider: Provider): boolean {
  return !outcomes.has(provider) && [...outcomes.values()].every((outcome) => leavesOpen(outcome));
}

/** Asks one provider for these calls and stores its outcome with each. */
async function askAt<Op extends KnownOperation>(
  deps: ChainDeps,
  members: readonly Member<Op>[],
  provider: Provider,
  context: AskContext,
  terms: { readonly deadlineAtMs: number; readonly isLast: boolean },
): Promise<void> {
  const { call } = members[0] as Member<Op>;
  const sharing = call.capability.sharing as Sharing<Op>;
  const familyCharge = call.familyCharge ?? { granted: null };
  let splitsLeft = maxSplits;

  const give = ({ members: places }: SharedRequest<Op>, outcome: ProviderOutcome<OutputOf<Op>>): void => {
    const verdicts = outcome.kind === 'answered' ? sharing.verdictsOf(outcome.value) : [];
    for (const [index, place] of places.entries()) {
      const member = members[place] as Member<Op>;
      const own = outcome.kind === 'answered' ? outcomeOfMember(deps, outcome, verdicts[index]) : outcome;
      member.outcomes.set(provider, own);
      if (own.kind === 'answered' || own.kind === 'empty') {
        member.costUsd += deps.costOf(provider.service, call.capability.operation, 1, deps.clock.now());
      }
    }
  };

  /** Returns false if nothing was granted; the rest of the request would not be granted either. */
  const ask = async (request: SharedRequest<Op>): Promise<boolean> => {
    const asked = { ...call, input: request.input, familyCharge };
    const outcome = await askProvider(deps, asked, provider, context, terms);
    const isTooMuch = isSpent(outcome) || outcome.kind === 'bad_input';
    if (!isTooMuch || request.members.length === 1 || splitsLeft === 0) {
      give(request, outcome);
      return !isSpent(outcome);
    }
    splitsLeft -= 1;
    let isGranted = false;
    for (const [index, part] of sharing.halve(request).entries()) {
      if (index > 0 && isSpent(outcome) && !isGranted) give(part, outcome);
      else isGranted = (await ask(part)) || isGranted;
    }
    return isGranted;
  };

  await Promise.all(
    sharing
      .plan(
        members.map((member) => member.call.input),
        provider.adapter,
      )
      .map(ask),
  );
}

function isSpent(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'passed_over' && (outcome.because === 'limit' || outcome.because === 'budget');
}

/** The outcome of one call within a shared request that was answered. */
function outcomeOfMember<Value>(
  { clock }: Pick<ChainDeps, 'clock'>,
  { service, durationMs }: Answered<Value>,
  verdict: Verdict<Value> | undefined,
): ProviderOutcome<Value> {
  if (verdict === undefined) {
    return { kind: 'failed', service, fault: 'unusable', message: 'the answer does not contain this element' };
  }
  switch (verdict.kind) {
    case 'ok':
      return { kind: 'answered', service, value: verdict.value, quality: 'good', durationMs };
    case 'throttled': {
      const untilMs = clock.now() + (verdict.retryAfterMs ?? defaultBackOffMs);
      return { kind: 'throttled', service, untilMs, message: verdict.message };
    }
    case 'denied':
      return { kind: 'failed', service, fault: 'denied', message: verdict.message };
    case 'failed':
      return { kind: 'failed', service, fault: 'unusable', message: verdict.message };
    default:
      return { ...verdict, service };
  }
}

/** Aborts when the last of the signals has aborted. */
function abortWithAll(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  const onAbort = (): void => {
    left -= 1;
    if (left === 0) all.abort();
  };
  for (const signal of signals) {
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  return all.signal;
}
