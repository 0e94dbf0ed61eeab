/**
 * Tracks whether this replica and the others reach Redis, which determines how quotas are decided.
 *
 *   shared ──deadline missed, or Redis is away──▶ doubtful ◀──another replica reaches Redis── away
 *     ▲  ▲                                         │  │  └───────no other replica does──────────▲
 *     │  └──others reach Redis, and so do we───────┘  │ Redis is back, debts are written        │
 *     └──5 s── rejoining ◀────────────────────────────┴─────────────────────────────────────────┘
 *                  └──deadline missed, or Redis is away again──▶ doubtful
 *
 * - shared: Redis decides.
 * - doubtful: this replica may be the only one without Redis; the others may go on to spend the whole limit. It asks
 *   them at once, and every second while Redis stays away. Calls wait for the first answers, which take as long as the
 *   others need to try Redis (50 ms) and at most a second. After that, limits that a provider counts are refused until
 *   the mode changes.
 * - away: no replica reaches Redis. Each replica spends its share, without waiting, and still asks the others every
 *   second.
 * - rejoining: both the share and Redis must grant, because Redis does not yet know what other replicas spent. All
 *   replicas notice the return within two seconds, so five seconds are enough.
 *
 * If no other answers, this replica tries Redis once more itself, as the others would have done. If Redis answers, the
 * missed deadline was a short delay, or this process's own, and the other replicas have stopped or cannot be asked.
 *
 * A single replica does not ask. A replica that has not reached Redis since its start knows neither the other replicas
 * nor what they spent: it stays doubtful while any other replica remembers Redis.
 */
import type { Logger } from '../logger.ts';
import { noViews, type RedisViews } from '../storage/postgres/indirect-probe.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';

/** How quotas are decided now. */
export type Decider = 'shared' | 'doubtful' | 'away' | 'rejoining';

export interface AbsenceWatch {
  /** The current mode, after checking whether Redis is available. */
  mode(): Decider;
  /** Call it when a Redis command missed its deadline. Has an effect only if there are other replicas. */
  reportMissedDeadline(): void;
  /** The mode, after waiting for the other replicas' answers if they are being asked. */
  modeAfterAnswers(): Promise<Decider>;
  /** The number of replicas that the share is divided by. */
  replicas(): number;
  close(): void;
}

export interface AbsenceWatchDeps {
  readonly store: Pick<SharedStore, 'isAvailable' | 'wasAvailable' | 'replicasSeen' | 'get'>;
  readonly logger: Logger;
  /** Asks the other replicas about Redis. Default: there are none. */
  readonly askOthers?: ((expected: number) => Promise<RedisViews>) | undefined;
  /** Writes this replica's debts when Redis is back, before Redis decides again. May reject. */
  writeDebts(verified: boolean): Promise<void>;
  onShared(): void;
  /** For metrics: called when Redis stops or starts deciding. */
  readonly onAway?: ((isAway: boolean) => void) | undefined;
  /** How long other replicas need to notice the return of Redis, in real time. Default 5,000. */
  readonly rejoiningMs?: number | undefined;
}

type Mode =
  | { readonly kind: 'shared' }
  /** `isLost`: Redis is away; otherwise only a deadline was missed. */
  | { readonly kind: 'doubtful'; readonly isLost: boolean }
  | { readonly kind: 'away' }
  | { readonly kind: 'rejoining'; readonly untilMs: number };

const defaultRejoiningMs = 5_000;
const pollMs = 100;
const pollsBetweenQuestions = 10;
/**
 * A Redis that returns empty counts replicas from zero. Until all have registered again, the earlier number is used.
 */
const replicasHoldMs = 10_000;

/** Creates the watch in mode `shared`. */
export function createAbsenceWatch(deps: AbsenceWatchDeps): AbsenceWatch {
  const { store, logger, askOthers, writeDebts, onShared, onAway, rejoiningMs = defaultRejoiningMs } = deps;
  let mode: Mode = { kind: 'shared' };
  let poll: NodeJS.Timeout | null = null;
  let pollsUntilQuestion = 0;
  let asking: Promise<void> | null = null;
  let returning = false;
  let replicasBefore = 1;
  let sharedAgainAtMs = Number.NEGATIVE_INFINITY;
  let reportedAway = false;

  const isSettled = (): boolean => mode.kind === 'shared' && performance.now() - sharedAgainAtMs >= replicasHoldMs;
  const replicas = (): number => (isSettled() ? store.replicasSeen() : Math.max(store.replicasSeen(), replicasBefore));
  const isAlone = (): boolean => askOthers === undefined || (store.wasAvailable() && replicas() === 1);

  const reportAway = (isAway: boolean): void => {
    if (reportedAway === isAway) return;
    reportedAway = isAway;
    if (isAway) logger.warn({ replicas: replicas() }, 'Redis is away: it no longer counts quotas');
    else logger.info('Redis is back: it counts quotas again');
    onAway?.(isAway);
  };

  const leaveShared = (isLost: boolean): void => {
    if (mode.kind === 'away') return;
    if (mode.kind === 'doubtful') {
      if (isLost) mode = { kind: 'doubtful', isLost };
    } else {
      replicasBefore = replicas();
      mode = isAlone() ? { kind: 'away' } : { kind: 'doubtful', isLost: isLost || mode.kind === 'rejoining' };
      if (mode.kind === 'doubtful') void askReplicas();
    }
    if (isLost) reportAway(true);
    poll ??= setInterval(onPoll, pollMs).unref();
  };

  /** Asks one question at a time; later callers wait for the same answer. */
  const askReplicas = (): Promise<void> => {
    asking ??= (askOthers?.(replicas() - 1) ?? Promise.resolve(noViews)).then(async (views) => {
      const isReached = isUnheard(views) && (await isReachedHere());
      asking = null;
      pollsUntilQuestion = pollsBetweenQuestions;
      applyViews(isReached ? { ...views, reached: 1 } : views);
    });
    return asking;
  };

  const isReachedHere = async (): Promise<boolean> => {
    if (mode.kind !== 'doubtful' || mode.isLost || !store.isAvailable()) return false;
    return store.get('indirect-probe').then(
      () => true,
      () => false,
    );
  };

  const applyViews = (views: RedisViews): void => {
    if (mode.kind !== 'doubtful' && mode.kind !== 'away') return;
    const next = verdict(views, store.wasAvailable());
    if (next === 'away') replicasBefore = Math.max(replicasBefore, 1 + views.away + views.never);
    if (next === 'doubtful' && mode.kind === 'doubtful' && !mode.isLost && store.isAvailable()) {
      // The delay was this process's own or a short one: nothing was spent without Redis.
      mode = { kind: 'shared' };
      stopPolling();
      return;
    }
    if (next === mode.kind) return;
    logger.warn({ views, replicas: replicas() }, modeMessages[next]);
    mode = next === 'away' ? { kind: 'away' } : { kind: 'doubtful', isLost: true };
    reportAway(true);
  };

  const onPoll = (): void => {
    if (asking !== null && mode.kind === 'doubtful' && !mode.isLost) return;
    if (store.isAvailable()) return void tryReturn();
    leaveShared(true);
    pollsUntilQuestion -= 1;
    if (pollsUntilQuestion <= 0 && !isAlone()) void askReplicas();
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
      logger.debug({ err: error }, 'could not write quota debts; will retry');
    } finally {
      returning = false;
    }
  };

  const becomeShared = (): void => {
    mode = { kind: 'shared' };
    sharedAgainAtMs = performance.now();
    stopPolling();
    onShared();
    reportAway(false);
  };

  const stopPolling = (): void => {
    if (poll !== null) clearInterval(poll);
    poll = null;
  };

  const currentMode = (): Decider => {
    if (!store.isAvailable()) leaveShared(true);
    return mode.kind;
  };

  return {
    mode: currentMode,
    reportMissedDeadline: () => leaveShared(false),
    async modeAfterAnswers() {
      if (mode.kind === 'doubtful') await asking;
      return currentMode();
    },
    replicas,
    close: stopPolling,
  };
}

const modeMessages = {
  away: 'no replica reaches Redis: each replica spends its share of every quota',
  doubtful: 'another replica reaches Redis: this one grants nothing that a provider counts',
} as const;

function isUnheard({ reached, away, never }: RedisViews): boolean {
  return reached + away + never === 0;
}

function verdict(views: RedisViews, reachedBefore: boolean): 'doubtful' | 'away' {
  if (views.reached > 0) return 'doubtful';
  return !reachedBefore && views.away > 0 ? 'doubtful' : 'away';
}
