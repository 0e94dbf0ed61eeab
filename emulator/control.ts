/**
 * The strings the emulator hangs on: faults on demand, quotas, keys told to be bad, and what was counted. The same
 * object serves a test in the same process and the HTTP control API (`control-routes.ts`).
 */
import type { Clock } from '../src/clock.ts';
import { RollingMinute } from './rolling-minute.ts';

export const faultModes = [
  'hang',
  'reset',
  'cut',
  '500',
  '503',
  'html',
  'truncated',
  'empty',
  'over_query_limit',
  'request_denied',
  'slow',
] as const;
export type FaultMode = (typeof faultModes)[number];

export interface Fault {
  readonly vendor: string;
  /**
   * `hang`: no answer; `reset`: the connection is reset; `cut`: it breaks in the middle of the body; `truncated`: half
   * the JSON as a whole reply; `empty`: no body; `slow`: the true answer after `delayMs`.
   */
  readonly mode: FaultMode;
  /** `after`: what was asked is done first, and only the answer is lost. Default `before`. */
  readonly when?: 'before' | 'after';
  /** Requests it strikes before it is spent; default: all, until cleared. */
  readonly times?: number;
  /** Chance to strike each, 0 to 1; default 1. */
  readonly probability?: number;
  /** Milliseconds; for `slow`, and before any other fault shows. */
  readonly delayMs?: number;
  /** Only requests whose raw path contains this. */
  readonly pathIncludes?: string;
}

export interface RequestCounts {
  /** Every request that reached the vendor, refused ones included. */
  readonly received: number;
  /** The most received in any rolling minute, over all accounts. */
  readonly maxPerMinute: number;
  /** Requests refused by the emulated quota. */
  readonly overQuota: number;
  readonly faulted: number;
  /** Of the bodies that were answered. */
  readonly sentBytes: number;
  /** By account and quota class. */
  readonly accounts: Readonly<Record<string, { readonly received: number; readonly maxPerMinute: number }>>;
}

interface Counter {
  received: number;
  readonly minute: RollingMinute;
}

interface VendorCounts {
  readonly all: Counter;
  overQuota: number;
  faulted: number;
  sentBytes: number;
  /** By `account class`; beyond the bound, all others share one. */
  readonly accounts: Map<string, Counter>;
  /** What the quota let through, by the same key. */
  readonly granted: Map<string, RollingMinute>;
}

const maxAccounts = 1_000;
const maxFaults = 100;

export class Control {
  readonly #clock: Clock;
  readonly #random: () => number;
  #faults: { fault: Fault; left: number }[] = [];
  readonly #badKeys = new Set<string>();
  readonly #quotas = new Map<string, number | null>();
  readonly #counts = new Map<string, VendorCounts>();

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Adds a fault; the first that applies to a request strikes. Throws a RangeError beyond 100 at once. */
  fail(fault: Fault): void {
    if (!faultModes.includes(fault.mode)) throw new RangeError(`unknown fault mode "${fault.mode}"`);
    if (this.#faults.length >= maxFaults) throw new RangeError('too many faults are set; clear some');
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Ends the faults of one vendor, or all. */
  heal(vendor?: string): void {
    this.#faults = this.#faults.filter(({ fault }) => vendor !== undefined && fault.vendor !== vendor);
  }

  get faults(): readonly Fault[] {
    return this.#faults.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));
  }

  /** The fault that strikes this request, which spends one of its times. */
  takeFault(vendor: string, rawPath: string): Fault | null {
    const struck = this.#faults.find(
      ({ fault }) =>
        fault.vendor === vendor &&
        (fault.pathIncludes === undefined || rawPath.includes(fault.pathIncludes)) &&
        (fault.probability === undefined || this.#random() < fault.probability),
    );
    if (struck === undefined) return null;
    struck.left -= 1;
    if (struck.left <= 0) this.#faults = this.#faults.filter((each) => each !== struck);
    this.#countsOf(vendor).faulted += 1;
    return struck.fault;
  }

  /** From now on the vendor refuses this key, as it refuses unknown ones. */
  setKeyBad(vendor: string, key: string, bad = true): void {
    if (bad) this.#badKeys.add(`${vendor} ${key}`);
    else this.#badKeys.delete(`${vendor} ${key}`);
  }

  isKeyBad(vendor: string, key: string): boolean {
    return this.#badKeys.has(`${vendor} ${key}`);
  }

  /** Requests let through in any rolling minute, for each account. null: no limit. */
  setQuota(vendor: string, perMinute: number | null, quotaClass = 'requests'): void {
    this.#quotas.set(`${vendor} ${quotaClass}`, perMinute);
  }

  quotaOf(vendor: string, quotaClass: string): number | null {
    return this.#quotas.get(`${vendor} ${quotaClass}`) ?? null;
  }

  /** Counts a request that reached the vendor. */
  recordArrival(vendor: string, account: string | null, quotaClass: string): void {
    const now = this.#clock.now();
    const counts = this.#countsOf(vendor);
    const accountCounter = boundedGet(counts.accounts, `${account ?? 'nobody'} ${quotaClass}`, newCounter);
    for (const counter of [counts.all, accountCounter]) {
      counter.received += 1;
      counter.minute.add(now);
    }
  }

  /** Counts a body that was made for a request. */
  recordReply(vendor: string, bytes: number): void {
    this.#countsOf(vendor).sentBytes += bytes;
  }

  /** Spends one of the account's quota, or says in how many milliseconds there is one again. Refusals are not charged. */
  spendQuota(vendor: string, account: string, quotaClass: string): { granted: boolean; retryAfterMs: number } {
    const limit = this.quotaOf(vendor, quotaClass);
    if (limit === null) return { granted: true, retryAfterMs: 0 };
    const now = this.#clock.now();
    const counts = this.#countsOf(vendor);
    const granted = boundedGet(counts.granted, `${account} ${quotaClass}`, () => new RollingMinute());
    if (granted.count(now) >= limit) {
      counts.overQuota += 1;
      return { granted: false, retryAfterMs: granted.msUntilFree(now) };
    }
    granted.add(now);
    return { granted: true, retryAfterMs: 0 };
  }

  /** What reached a vendor since the start or the last reset. */
  requests(vendor: string): RequestCounts {
    const counts = this.#countsOf(vendor);
    return {
      received: counts.all.received,
      maxPerMinute: counts.all.minute.most,
      overQuota: counts.overQuota,
      faulted: counts.faulted,
      sentBytes: counts.sentBytes,
      accounts: Object.fromEntries(
        [...counts.accounts].map(([name, { received, minute }]) => [name, { received, maxPerMinute: minute.most }]),
      ),
    };
  }

  /** Vendors that were asked anything. */
  get vendors(): readonly string[] {
    return [...this.#counts.keys()];
  }

  /** Forgets what was counted (and so what quotas were spent); faults, quotas and bad keys stay. */
  resetCounts(): void {
    this.#counts.clear();
  }

  #countsOf(vendor: string): VendorCounts {
    const known = this.#counts.get(vendor);
    if (known !== undefined) return known;
    const made = { all: newCounter(), overQuota: 0, faulted: 0, sentBytes: 0, accounts: new Map(), granted: new Map() };
    this.#counts.set(vendor, made);
    return made;
  }
}

function newCounter(): Counter {
  return { received: 0, minute: new RollingMinute() };
}

function boundedGet<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const name = map.has(key) || map.size < maxAccounts ? key : 'others';
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
