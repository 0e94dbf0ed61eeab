/**
 * Who decides over a quota: Redis, each replica's share, or no replica.
 *
 *   shared ──a deadline is missed, or the store is away──▶ doubtful ◀──another replica reaches it── away
 *     ▲  ▲                                                  │  │  └────────no other does─────────────▲
 *     │  └──others reach it, and the store is here──────────┘  │ it is back, the debts are written    │
 *     └──5 s── rejoining ◀─────────────────────────────────────┴──────────────────────────────────────┘
 *                  └──a deadline is missed, or it is away again──▶ doubtful
 *
 * shared: Redis decides.
 * doubtful: this replica may be the only one without Redis; the others would go on spending the whole limit through it.
 *   They are asked: at once, and as long as the store is away again every second. Calls wait for the first answer, which
 *   takes as long as the others need to try Redis (50 ms) and is never later than a second; until one of the other states
 *   is reached, nothing that a provider counts is granted after it.
 * away: no replica reaches Redis: the share decides, without waiting. The others are still asked every second.
 * rejoining: share and Redis must agree, because other replicas may not have come back yet and Redis does not know what
 *   they spent. All replicas notice within two seconds, so five are enough.
 *
 * A single replica asks no other. One that has not reached Redis since it started does not know which replicas live
 * nor what they spent: it stays doubtful as long as any other remembers Redis.
 */
import type { Logger } from '../logger.ts';
import { noViews, type RedisViews } from '../storage/postgres/indirect-probe.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';

export type Decider = 'shared' | 'doubtful' | 'away' | 'rejoining';

export interface AbsenceWatch {
  /** Checks the store first. */
  mode(): Decider;
  /** A command missed its deadline. Has an effect only if there are other replicas. */
  doubt(): void;
  /** The mode, after the other replicas have answered, if they are being asked. */
  heard(): Promise<Decider>;
  /** The number of replicas that the share is divided by. */
  replicas(): number;
  close(): void;
}

export interface AbsenceWatchDeps {
  readonly store: Pick<SharedStore, 'isAvailable' | 'wasAvailable' | 'replicasSeen'>;
  readonly logger: Logger;
  /** Asks the other replicas about Redis. Default: there are none. */
  readonly askOthers?: ((expected: number) => Promise<RedisViews>) | undefined;
  /** Called when Redis answers again: the debts must be written before it decides. May reject. */
  writeDebts(verified: boolean): Promise<void>;
  onShared(): void;
  /** For metrics: Redis stops or starts deciding. */
  readonly onAway?: ((isAway: boolean) => void) | undefined;
  /** Default 5,000. In real time, like all times here: how long the other replicas need to come back. */
  readonly rejoiningMs?: number | undefined;
}

type Mode =
  | { readonly kind: 'shared' }
  /** `isLost`: the store reported its loss; otherwise only a deadline was missed. */
  | { readonly kind: 'doubtful'; readonly isLost: boolean }
  | { readonly kind: 'away' }
  | { readonly kind: 'rejoining'; readonly untilMs: number };

const defaultRejoiningMs = 5_000;
const pollMs = 100;
const pollsBetweenQuestions = 10;
/**
 * A Redis that comes back empty counts replicas from zero: until all have signed in again, the earlier number is used.
 */
const replicasHoldMs = 10_000;

export function createAbsenceWatch(deps: AbsenceWatchDeps): AbsenceWatch {
  const { store, logger, askOthers, writeDebts, onShared, onAway, rejoiningMs = defaultRejoiningMs } = deps;
  let mode: Mode = { kind: 'shared' };
  let poll: NodeJS.Timeout | null = null;
  let pollsUntilQuestion = 0;
  let asking: Promise<void> | null = null;
  let returning = false;
  let replicasBefore = 1;
  let sharedAgainAtMs = Number.NEGATIVE_INFINITY;
  let saidAway = false;

  const isSettled = (): boolean => mode.kind === 'shared' && performance.now() - sharedAgainAtMs >= replicasHoldMs;
  const replicas = (): number => (isSettled() ? store.replicasSeen() : Math.max(store.replicasSeen(), replicasBefore));
  const isAlone = (): boolean => askOthers === undefined || (store.wasAvailable() && replicas() === 1);

  const sayAway = (isAway: boolean): void => {
    if (saidAway === isAway) return;
    saidAway = isAway;
    if (isAway) logger.warn({ replicas: replicas() }, 'Redis is away: it does not count quotas any more');
    else logger.info('quotas are counted in Redis again');
    onAway?.(isAway);
  };

  const leave = (isLost: boolean): void => {
    if (mode.kind === 'away') return;
    if (mode.kind === 'doubtful') {
      if (isLost) mode = { kind: 'doubtful', isLost };
    } else {
      replicasBefore = replicas();
      mode = isAlone() ? { kind: 'away' } : { kind: 'doubtful', isLost: isLost || mode.kind === 'rejoining' };
      if (mode.kind === 'doubtful') void consult();
    }
    if (isLost) sayAway(true);
    poll ??= setInterval(onPoll, pollMs).unref();
  };

  /** One question at a time; later callers wait for its answer. */
  const consult = (): Promise<void> => {
    asking ??= (askOthers?.(replicas() - 1) ?? Promise.resolve(noViews)).then((views) => {
      asking = null;
      pollsUntilQuestion = pollsBetweenQuestions;
      act(views);
    });
    return asking;
  };

  const act = (views: RedisViews): void => {
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
    logger.warn({ views, replicas: replicas() }, sayings[next]);
    mode = next === 'away' ? { kind: 'away' } : { kind: 'doubtful', isLost: true };
    sayAway(true);
  };

  const onPoll = (): void => {
    if (asking !== null && mode.kind === 'doubtful' && !mode.isLost) return;
    if (store.isAvailable()) return void tryReturn();
    leave(true);
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
      logger.debug({ err: error }, 'could not write the quotas’ debts yet');
    } finally {
      returning = false;
    }
  };

  const becomeShared = (): void => {
    mode = { kind: 'shared' };
    sharedAgainAtMs = performance.now();
    stopPolling();
    onShared();
    sayAway(false);
  };

  const stopPolling = (): void => {
    if (poll !== null) clearInterval(poll);
    poll = null;
  };

  const look = (): Decider => {
    if (!store.isAvailable()) leave(true);
    return mode.kind;
  };

  return {
    mode: look,
    doubt: () => leave(false),
    async heard() {
      if (mode.kind === 'doubtful') await asking;
      return look();
    },
    replicas,
    close: stopPolling,
  };
}

const sayings = {
  away: 'no replica reaches Redis: quotas are kept by each replica’s share',
  doubtful: 'another replica reaches Redis: nothing that a provider counts is granted here',
} as const;

function verdict(views: RedisViews, reachedBefore: boolean): 'doubtful' | 'away' {
  if (views.reached > 0) return 'doubtful';
  return !reachedBefore && views.away > 0 ? 'doubtful' : 'away';
}
