/**
 * Who decides over a quota: Redis, each replica's share, or nobody.
 *
 *   shared ──the store says it is away──▶ doubtful ◀──another replica reaches it── away
 *     ▲                                    │    └────────nobody else does───────────▲
 *     │                                    │ it is back, the debts are written      │
 *     └──5 s── rejoining ◀─────────────────┴────────────────────────────────────────┘
 *                  └──it is away again──▶ doubtful
 *
 * shared: Redis decides.
 * doubtful: this replica may be the only one without Redis; the others would go on spending the whole limit through it.
 *   Nothing that a provider counts is granted, and the others are asked: at once, and again every second.
 * away: nobody reaches Redis: the share decides. The others are still asked every second.
 * rejoining: share and Redis must agree, because other replicas may not have come back yet and Redis does not know what
 *   they spent. All replicas notice within two seconds, so five are enough.
 *
 * The only replica needs to ask nobody. One that has not reached Redis since it started does not know who lives nor what
 * they spent: it stays doubtful as long as any other remembers Redis.
 */
import type { Logger } from '../logger.ts';
import type { Testimony } from '../storage/indirect-probe.ts';
import type { SharedStore } from '../storage/shared-store.ts';

export interface AbsenceWatch {
  /** Looks at the store first. */
  mode(): Mode['kind'];
  /** The number that the share divides by. */
  replicas(): number;
  close(): void;
}

export interface AbsenceWatchDeps {
  readonly store: Pick<SharedStore, 'isAvailable' | 'wasAvailable' | 'replicasSeen'>;
  readonly logger: Logger;
  /** What the other replicas say of Redis. Default: there is nobody to ask. */
  readonly askOthers?: ((expected: number) => Promise<Testimony>) | undefined;
  /** Redis was away and answers: all that it was not told must be written before it decides again. May reject. */
  writeDebts(verified: boolean): Promise<void>;
  onShared(): void;
  /** For metrics: Redis ceases or begins again to decide. */
  readonly onAway?: ((isAway: boolean) => void) | undefined;
  /** Default 5,000. In real time, as all here: that is what the other replicas need to come back. */
  readonly rejoiningMs?: number | undefined;
}

type Mode =
  | { readonly kind: 'shared' }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'away' }
  | { readonly kind: 'rejoining'; readonly untilMs: number };

const defaultRejoiningMs = 5_000;
const pollMs = 100;
const pollsBetweenQuestions = 10;
/** A Redis that comes back empty counts replicas anew: until all have signed again the earlier number holds. */
const replicasHoldMs = 10_000;

export function createAbsenceWatch(deps: AbsenceWatchDeps): AbsenceWatch {
  const { store, logger, askOthers, writeDebts, onShared, onAway, rejoiningMs = defaultRejoiningMs } = deps;
  let mode: Mode = { kind: 'shared' };
  let poll: NodeJS.Timeout | null = null;
  let pollsUntilQuestion = 0;
  let asking = false;
  let returning = false;
  let replicasBefore = 1;
  let sharedAgainAtMs = Number.NEGATIVE_INFINITY;

  const isSettled = (): boolean => mode.kind === 'shared' && performance.now() - sharedAgainAtMs >= replicasHoldMs;
  const replicas = (): number => (isSettled() ? store.replicasSeen() : Math.max(store.replicasSeen(), replicasBefore));
  const isAlone = (): boolean => askOthers === undefined || (store.wasAvailable() && replicas() === 1);

  const leave = (): void => {
    if (mode.kind === 'doubtful' || mode.kind === 'away') return;
    replicasBefore = replicas();
    if (mode.kind === 'shared') {
      logger.warn({ replicas: replicasBefore }, 'Redis is away: it does not count quotas any more');
      onAway?.(true);
    }
    mode = { kind: isAlone() ? 'away' : 'doubtful' };
    if (mode.kind === 'doubtful') void consult();
    poll ??= setInterval(onPoll, pollMs).unref();
  };

  const consult = async (): Promise<void> => {
    if (asking || askOthers === undefined) return;
    asking = true;
    const testimony = await askOthers(replicas() - 1);
    asking = false;
    pollsUntilQuestion = pollsBetweenQuestions;
    if (mode.kind !== 'doubtful' && mode.kind !== 'away') return;
    const next = verdict(testimony, store.wasAvailable());
    if (next === 'away') replicasBefore = Math.max(replicasBefore, 1 + testimony.away + testimony.never);
    if (next === mode.kind) return;
    logger.warn({ testimony, replicas: replicas() }, sayings[next]);
    mode = { kind: next };
  };

  const onPoll = (): void => {
    if (store.isAvailable()) return void tryReturn();
    leave();
    pollsUntilQuestion -= 1;
    if (pollsUntilQuestion <= 0 && !isAlone()) void consult();
  };

  const tryReturn = async (): Promise<void> => {
    if (returning) return;
    returning = true;
    try {
      if (mode.kind === 'doubtful' || mode.kind === 'away') {
        await writeDebts(true);
        mode = { kind: 'rejoining', untilMs: performance.now() + rejoiningMs };
      }
      await writeDebts(false);
      if (mode.kind === 'rejoining' && performance.now() >= mode.untilMs) becomeShared();
    } catch (error) {
      logger.debug({ err: error }, 'the quotas’ debts could not be written yet');
    } finally {
      returning = false;
    }
  };

  const becomeShared = (): void => {
    mode = { kind: 'shared' };
    sharedAgainAtMs = performance.now();
    if (poll !== null) clearInterval(poll);
    poll = null;
    onShared();
    logger.info('quotas are counted in Redis again');
    onAway?.(false);
  };

  return {
    mode() {
      if (!store.isAvailable()) leave();
      return mode.kind;
    },
    replicas,
    close() {
      if (poll !== null) clearInterval(poll);
      poll = null;
    },
  };
}

const sayings = {
  away: 'no replica reaches Redis: quotas are kept by each replica’s share',
  doubtful: 'another replica reaches Redis: nothing that a provider counts is granted here',
} as const;

function verdict(testimony: Testimony, reachedBefore: boolean): 'doubtful' | 'away' {
  if (testimony.reached > 0) return 'doubtful';
  return !reachedBefore && testimony.away > 0 ? 'doubtful' : 'away';
}
