/**
 * Controls the emulator: faults on demand, quotas, rejected keys, and request counts. One object serves tests in the
 * same process and the HTTP control API (`control-routes.ts`).
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
   * of the JSON as a complete reply; `empty`: no body; `slow`: the real answer after `delayMs`.
   */
  readonly mode: FaultMode;
  /** `after`: the request is carried out first, and only the answer is lost. Default `before`. */
  readonly when?: 'before' | 'after';
  /** How many requests it affects; default: all, until it is cleared. */
  readonly times?: number;
  /** The probability for each request, 0 to 1; default 1. */
  readonly probability?: number;
  /** Milliseconds; for `slow`, and before any other fault. */
  readonly delayMs?: number;
  /** Only requests whose raw path contains this. */
  readonly pathIncludes?: string;
}

export interface RequestCounts {
  /** All requests to the vendor, including refused ones. */
  readonly received: number;
  /** The most requests in any rolling minute, over all accounts. */
  readonly maxPerMinute: number;
  /** Requests refused by the emulated quota. */
  readonly overQuota: number;
  readonly faulted: number;
  /** Size of all response bodies. */
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
  /** By `account class`; above the bound, all others share one counter. */
  readonly accounts: Map<string, Counter>;
  /** Requests that the quota let through, by the same key. */
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

  /** Adds a fault; the first one that matches a request applies. Throws a RangeError beyond 100 faults. */
  fail(fault: Fault): void {
    if (!faultModes.includes(fault.mode)) throw new RangeError(`unknown fault mode "${fault.mode}"`);
    if (this.#faults.length >= maxFaults) throw new RangeError('too many faults are set; clear some');
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Removes the faults of one vendor, or all. */
  heal(vendor?: string): void {
    this.#faults = this.#faults.filter(({ fault }) => vendor !== undefined && fault.vendor !== vendor);
  }

  get faults(): readonly Fault[] {
    return this.#faults.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));
  }

  /** The fault for this request; uses up one of its times. */
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

  /** Makes the vendor refuse this key, like an unknown one. */
  setKeyBad(vendor: string, key: string, bad = true): void {
    if (bad) this.#badKeys.add(`${vendor} ${key}`);
    else this.#badKeys.delete(`${vendor} ${key}`);
  }

  isKeyBad(vendor: string, key: string): boolean {
    return this.#badKeys.has(`${vendor} ${key}`);
  }

  /** Limits requests in any rolling minute for each account. null: no limit. */
  setQuota(vendor: string, perMinute: number | null, quotaClass = 'requests'): void {
    this.#quotas.set(`${vendor} ${quotaClass}`, perMinute);
  }

  quotaOf(vendor: string, quotaClass: string): number | null {
    return this.#quotas.get(`${vendor} ${quotaClass}`) ?? null;
  }

  /** Counts a request to the vendor. */
  recordArrival(vendor: string, account: string | null, quotaClass: string): void {
    const now = this.#clock.now();
    const counts = this.#countsOf(vendor);
    const accountCounter = boundedGet(counts.accounts, `${account ?? 'nobody'} ${quotaClass}`, newCounter);
    for (const counter of [counts.all, accountCounter]) {
      counter.received += 1;
      counter.minute.add(now);
    }
  }

  /** Counts a response body. */
  recordReply(vendor: string, bytes: number): void {
    this.#countsOf(vendor).sentBytes += bytes;
  }

  /**
   * Spends one of the account's quota, or returns how many milliseconds remain until one is free. Refusals are not
   * charged.
   */
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

  /** Requests to a vendor since the start or the last reset. */
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

  /** Vendors that got any request. */
  get vendors(): readonly string[] {
    return [...this.#counts.keys()];
  }

  /** Resets the counts, and with them the quotas' use; faults, quotas and bad keys stay. */
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
