/**
 * A queue in which requests wait to be batched: one lane per spreadsheet and kind of request.
 *
 * A lone item waits a few milliseconds for others. While the pacer or an exhausted limit delays the lane, new items
 * join the next batch. Items delayed by a limit go when the limit allows, without further pacing. Each item has its own
 * maximum wait (then the limit's 429), its own deadline (then 504) and its own caller, who may disconnect; none of
 * these affects the other items.
 *
 *   waiting ──gather──▶ pace ──▶ batch ──send──▶ settled, or put back at the front while a limit holds
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import type { Deadlines } from '../../resilience/deadline.ts';
import type { Waiting } from './pacer.ts';

export interface LaneItem<Item, Result> {
  readonly item: Item;
  /** Unix milliseconds. May change while the item waits, because callers of one question come and go. */
  deadlineAtMs(): number;
  patientUntilMs(): number;
  /** Settles once; later calls do nothing. */
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Why a batch, or part of it, was put back. */
export interface PutBack<Item, Result> {
  readonly items: readonly LaneItem<Item, Result>[];
  readonly untilMs: number;
  /** The 429 for callers who cannot wait until then. */
  readonly error: ServiceError;
}

export interface LaneOptions<Item, Result> {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** How long a lone item waits for others, in milliseconds. */
  readonly gatherMs: number;
  /** How many batches may run at once. */
  readonly maxInFlight: number;
  /** How many items from the front share one request; at least 1. */
  countTogether(items: readonly Item[]): number;
  /** How long the next batch should wait, in milliseconds. If it throws, every waiting item fails with that error. */
  paceMs(waiting: Waiting): Promise<number>;
  /** Settles every item, or returns the items that a limit delays. If it throws, every item fails with that error. */
  send(batch: readonly LaneItem<Item, Result>[]): Promise<PutBack<Item, Result> | null>;
  /** The error of an item whose deadline has passed. */
  timeoutOf(item: Item): ServiceError;
  /** Called when the lane is empty and nothing is in progress. */
  onIdle(): void;
}

export interface LaneCaller {
  readonly signal: AbortSignal;
  deadlineAtMs(): number;
  patientUntilMs(): number;
}

/** Above this number callers are refused: so many cannot be served before their waits run out. */
const maxWaiting = 5_000;
/** The pacer uses up to this much less than a caller's maximum wait. */
const patienceMarginMs = 250;
/** Random extra delay, so that lanes and replicas delayed by one limit do not all return at once. */
const heldJitterMs = 250;

interface Entry<Item, Result> extends LaneItem<Item, Result> {
  isSettled(): boolean;
}

export class Lane<Item, Result> {
  readonly #options: LaneOptions<Item, Result>;
  #waiting: Entry<Item, Result>[] = [];
  #inFlight = 0;
  #isRunning = false;
  #held: { readonly untilMs: number; readonly error: ServiceError } | null = null;
  #wake: (() => void) | null = null;

  constructor(options: LaneOptions<Item, Result>) {
    this.#options = options;
  }

  /**
   * Rejects with the batch's error, with 429 when the maximum wait is over, with 504 at the deadline, or with the
   * signal's reason.
   */
  add(item: Item, caller: LaneCaller): Promise<Result> {
    const { clock, deadlines } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      return Promise.reject(
        new ServiceError('SERVICE_UNAVAILABLE', 'Too many calls wait for this spreadsheet.', { retryAfterSeconds: 5 }),
      );
    }
    if (this.#held !== null && this.#held.untilMs > Math.max(clock.now(), caller.patientUntilMs())) {
      return Promise.reject(this.#held.error);
    }
    return new Promise((resolve, reject) => {
      if (caller.signal.aborted) return reject(caller.signal.reason);
      let settled = false;
      const settle = (act: () => void): void => {
        if (settled) return;
        settled = true;
        clearDeadline();
        caller.signal.removeEventListener('abort', onAbort);
        act();
      };
      const onAbort = (): void => settle(() => reject(caller.signal.reason));
      const clearDeadline = deadlines.after(Math.max(0, caller.deadlineAtMs() - clock.now()), () =>
        settle(() => reject(this.#options.timeoutOf(item))),
      );
      caller.signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push({
        item,
        deadlineAtMs: caller.deadlineAtMs,
        patientUntilMs: caller.patientUntilMs,
        resolve: (result) => settle(() => resolve(result)),
        reject: (error) => settle(() => reject(error)),
        isSettled: () => settled,
      });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#dropSettled() > 0) {
      if (this.#inFlight >= this.#options.maxInFlight) {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
        continue;
      }
      await sleep(this.#options.gatherMs);
      try {
        if (this.#held === null) await this.#keepPace();
      } catch (error) {
        for (const { reject } of this.#waiting.splice(0)) reject(error);
        break;
      }
      await this.#waitOutLimit();
      if (this.#dropSettled() === 0) break;
      const together = Math.max(1, this.#options.countTogether(this.#waiting.map(({ item }) => item)));
      const batch = this.#waiting.splice(0, together);
      this.#inFlight += 1;
      const sent = this.#send(batch).finally(() => {
        this.#inFlight -= 1;
        this.#wake?.();
        this.#wake = null;
        if (!this.#isRunning && this.#waiting.length > 0) void this.#run();
        this.#reportIdle();
      });
      if (this.#options.maxInFlight === 1) await sent;
    }
    this.#isRunning = false;
    this.#reportIdle();
  }

  async #send(batch: readonly LaneItem<Item, Result>[]): Promise<void> {
    try {
      const putBack = await this.#options.send(batch);
      if (putBack !== null) this.#putBack(putBack);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #putBack({ items, untilMs, error }: PutBack<Item, Result>): void {
    const back: Entry<Item, Result>[] = [];
    for (const entry of items as readonly Entry<Item, Result>[]) {
      if (untilMs > entry.patientUntilMs()) entry.reject(error);
      else back.push(entry);
    }
    this.#waiting.unshift(...back);
    // Items that joined in the meantime wait for the same limit.
    this.#waiting = this.#waiting.filter((entry) => {
      if (untilMs <= entry.patientUntilMs()) return true;
      entry.reject(error);
      return false;
    });
    this.#held = { untilMs, error };
  }

  async #keepPace(): Promise<void> {
    const isLone = this.#waiting.length === 1 && this.#inFlight === 0;
    const slackMs = this.#leastPatientMs() - patienceMarginMs - this.#options.clock.now();
    const paceMs = await this.#options.paceMs({ isLone, slackMs });
    if (paceMs > 0) await sleep(paceMs);
  }

  async #waitOutLimit(): Promise<void> {
    for (let held = this.#held; held !== null; held = this.#held) {
      const jitterMs = Math.min(Math.random() * heldJitterMs, Math.max(0, this.#leastPatientMs() - held.untilMs));
      await sleep(Math.max(1, held.untilMs + jitterMs - this.#options.clock.now()));
      if (this.#held === held) this.#held = null;
    }
  }

  #leastPatientMs(): number {
    return Math.min(...this.#waiting.map((entry) => Math.min(entry.patientUntilMs(), entry.deadlineAtMs())));
  }

  #dropSettled(): number {
    this.#waiting = this.#waiting.filter((entry) => !entry.isSettled());
    return this.#waiting.length;
  }

  #reportIdle(): void {
    if (!this.#isRunning && this.#inFlight === 0 && this.#waiting.length === 0) this.#options.onIdle();
  }
}

/** Lanes by key. A lane exists only while it has work, so requests in progress bound their number. */
export class Lanes<Item, Result> {
  readonly #lanes = new Map<string, Lane<Item, Result>>();

  /** The lane of this key; creates it if it does not exist. */
  of(key: string, optionsOf: () => Omit<LaneOptions<Item, Result>, 'onIdle'>): Lane<Item, Result> {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane = new Lane<Item, Result>({ ...optionsOf(), onIdle: () => this.#lanes.delete(key) });
    this.#lanes.set(key, lane);
    return lane;
  }
}
