/**
 * Batches the limiter's Redis calls: all callers of one event-loop turn share one script call.
 *
 * Equal requests (same tenant, subjects, limits and units) form one group, which is decided in one step. A call has at
 * most `maxKeysPerCall` subjects, so that it does not block Redis for long; the others go in further calls of the same
 * turn. In a cluster each tenant's subjects, which share a hash tag, go separately. The HTTP edge and the bulkheads
 * bound the number of callers in a turn.
 */
import { getOrCreate } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { type Counting, countingOf, type Ledger } from './limit-ledger.ts';
import { type LimitState, type LimitSubject, type LimitWindow, type WindowType, windowTypes } from './limits.ts';
import { backOffScript, resumeScript, spendScript, writeBackScript } from './rate-limit-scripts.ts';

/** The answer of Redis to one caller. */
export interface SharedReply {
  /** By Redis's clock. */
  readonly nowMs: number;
  readonly granted: boolean;
  /** Infinity: never. 0 if granted. */
  readonly retryAfterMs: number;
  readonly refusedBy: { readonly subject: LimitSubject; readonly window: LimitWindow | 'back-off' } | null;
  /** In the order of the subjects. All callers of a group get the same: the state after the whole group. */
  readonly subjects: readonly SharedSubject[];
}

export interface SharedSubject {
  readonly subject: LimitSubject;
  /** When Redis created this subject's state; 0: it has no state. */
  readonly bornMs: number;
  readonly backOffUntilMs: number;
  readonly states: readonly LimitState[];
}

export interface SharedLimits {
  /** Rejects with `StoreAway`; it is then unknown whether the units were spent. */
  spend(tenantId: TenantId, subjects: readonly LimitSubject[], units: number): Promise<SharedReply>;
  peek(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<SharedReply>;
  backOff(tenantId: TenantId, subject: LimitSubject, durationMs: number): Promise<void>;
  resume(tenantId: TenantId, subject: LimitSubject): Promise<void>;
  /**
   * Adds units that were spent without Redis; returns each subject's `bornMs`. In a cluster all debts must be of one
   * tenant.
   */
  writeBack(debts: readonly Debt[]): Promise<readonly number[]>;
}

/** Units of one subject that Redis does not know yet. */
export interface Debt {
  readonly key: string;
  readonly ledger: Ledger;
  readonly nowMs: number;
}

interface Waiter {
  resolve(reply: SharedReply): void;
  reject(error: unknown): void;
}

interface Group {
  readonly tenantId: TenantId;
  readonly subjects: readonly LimitSubject[];
  readonly units: number;
  readonly spenders: Waiter[];
  readonly peekers: Waiter[];
}

const maxKeysPerCall = 64;

/** The Redis key of a subject. */
export function limitKey(tenantId: TenantId, subject: LimitSubject): string {
  // The two kinds store different slices, so they use different keys: an older replica must not misread them.
  const kind = subject.isCountedHereAlone === true ? 'own-limit' : 'limit';
  return `{${tenantId}}:${kind}:${subject.key}`;
}

/** Creates the batching client. */
export function createSharedLimits(store: SharedStore): SharedLimits {
  let groups = new Map<string, Group>();

  const sendTurn = (): void => {
    const waiting = [...groups.values()];
    groups = new Map();
    for (const call of splitIntoCalls(waiting, store.isCluster === true)) void sendCall(call);
  };

  const sendCall = async (call: readonly Group[]): Promise<void> => {
    try {
      const encoded = encodeCall(call);
      const args = `[${encoded.limits.concat(encoded.wishes).join(',')}]`;
      const reply = (await store.runScript(spendScript, encoded.keys, [args])) as string;
      distribute(call, encoded, JSON.parse(reply) as number[]);
    } catch (error) {
      for (const { spenders, peekers } of call) for (const waiter of [...spenders, ...peekers]) waiter.reject(error);
    }
  };

  const join = (tenantId: TenantId, subjects: readonly LimitSubject[], units: number, spends: boolean) =>
    new Promise<SharedReply>((resolve, reject) => {
      if (groups.size === 0) setImmediate(sendTurn);
      const key = groupKey(tenantId, subjects, units);
      const group = getOrCreate(groups, key, () => ({ tenantId, subjects, units, spenders: [], peekers: [] }));
      (spends ? group.spenders : group.peekers).push({ resolve, reject });
    });

  return {
    spend: (tenantId, subjects, units) => join(tenantId, subjects, units, true),
    peek: (tenantId, subjects) => join(tenantId, subjects, 1, false),
    async backOff(tenantId, subject, durationMs) {
      await store.runScript(
        backOffScript,
        [limitKey(tenantId, subject)],
        [...countingArgs(countingOf(subject)), Math.ceil(durationMs)],
      );
    },
    async resume(tenantId, subject) {
      await store.runScript(resumeScript, [limitKey(tenantId, subject)], countingArgs(countingOf(subject)));
    },
    async writeBack(debts) {
      const keys = debts.map(({ key }) => key);
      const args = debts.flatMap(({ ledger, nowMs }) => [...countingArgs(ledger), ...ledger.encode(nowMs)]);
      const [, ...bornMs] = (await store.runScript(writeBackScript, keys, args)) as number[];
      return bornMs;
    },
  };
}

/** The first arguments of a subject in every script. */
function countingArgs({ offsetMs, isCountedHereAlone }: Counting): [number, number] {
  return [offsetMs, isCountedHereAlone ? 1 : 0];
}

function groupKey(tenantId: TenantId, subjects: readonly LimitSubject[], units: number): string {
  let key = `${tenantId}\n${units}`;
  for (const subject of subjects) {
    key += `\n${subject.key}\n${subject.name}\n${subject.utcOffsetMinutes ?? 0}`;
    for (const { windowType, maxRequests } of subject.windows) key += `\n${windowType}${maxRequests}`;
  }
  return key;
}

function splitIntoCalls(groups: readonly Group[], isCluster: boolean): readonly (readonly Group[])[] {
  const calls: Group[][] = [];
  const openCalls = new Map<string, { readonly groups: Group[]; keyCount: number }>();
  for (const group of groups) {
    const slot = isCluster ? group.tenantId : '';
    let call = openCalls.get(slot);
    if (call === undefined || call.keyCount + group.subjects.length > maxKeysPerCall) {
      call = { groups: [], keyCount: 0 };
      openCalls.set(slot, call);
      calls.push(call.groups);
    }
    call.groups.push(group);
    call.keyCount += group.subjects.length;
  }
  return calls;
}

interface EncodedCall {
  readonly keys: string[];
  /** Six numbers per key: offset, whether only this program counts it, and four limits. */
  readonly limits: number[];
  readonly wishes: number[];
  /** For the subjects of all groups, in order: their position among the keys, from 1. */
  readonly places: number[];
}

/**
 * Encodes each different subject once, with its limits. If its configuration changed between two callers of one turn,
 * the lower limit applies.
 */
function encodeCall(call: readonly Group[]): EncodedCall {
  const placeOfKey = new Map<string, number>();
  const encoded: EncodedCall = { keys: [], limits: [], wishes: [], places: [] };
  const { keys, limits, wishes, places } = encoded;
  for (const { tenantId, subjects, units, spenders } of call) {
    wishes.push(units, spenders.length, subjects.length);
    for (const subject of subjects) {
      const key = limitKey(tenantId, subject);
      let place = placeOfKey.get(key);
      if (place === undefined) {
        place = keys.push(key);
        placeOfKey.set(key, place);
        limits.push(...countingArgs(countingOf(subject)), -1, -1, -1, -1);
      }
      for (const { windowType, maxRequests } of subject.windows) {
        const at = limitAt(place, windowType);
        const known = limits[at] as number;
        limits[at] = known === -1 ? maxRequests : Math.min(known, maxRequests);
      }
      wishes.push(place);
      places.push(place);
    }
  }
  return encoded;
}

function limitAt(place: number, windowType: WindowType): number {
  return (place - 1) * 6 + 2 + windowTypes.indexOf(windowType);
}

function distribute(call: readonly Group[], encoded: EncodedCall, numbers: readonly number[]): void {
  const nowMs = numbers[0] as number;
  let at = 1;
  let subjectAt = 0;
  const next = (): number => numbers[at++] as number;
  for (const group of call) {
    const [grantedCount, retryMs, refusedSubject, refusedWindow] = [next(), next(), next(), next()];
    const subjects = group.subjects.map((subject) => readSubject(subject, encoded, subjectAt++, next));
    const refuser = group.subjects[refusedSubject - 1];
    const windowType = windowTypes[refusedWindow - 1];
    const window = refuser?.windows.find((candidate) => candidate.windowType === windowType) ?? 'back-off';

    const granted: SharedReply = { nowMs, granted: true, retryAfterMs: 0, refusedBy: null, subjects };
    const refused: SharedReply = {
      nowMs,
      granted: false,
      retryAfterMs: retryMs === -1 ? Number.POSITIVE_INFINITY : retryMs,
      refusedBy: refuser === undefined ? null : { subject: refuser, window },
      subjects,
    };
    for (const [index, waiter] of group.spenders.entries()) waiter.resolve(index < grantedCount ? granted : refused);
    for (const waiter of group.peekers) waiter.resolve(granted);
  }
}

/** The script returns every window that any caller limits, in the order minute, hour, day, month. */
function readSubject(
  subject: LimitSubject,
  { limits, places }: EncodedCall,
  subjectAt: number,
  next: () => number,
): SharedSubject {
  const bornMs = next();
  const backOffUntilMs = next();
  const states: LimitState[] = [];
  for (const windowType of windowTypes) {
    if (limits[limitAt(places[subjectAt] as number, windowType)] === -1) continue;
    const [usedRequests, windowStartMs, windowEndMs] = [next(), next(), next()];
    const window = subject.windows.find((candidate) => candidate.windowType === windowType);
    if (window === undefined) continue;
    states.push({ subject, windowType, maxRequests: window.maxRequests, usedRequests, windowStartMs, windowEndMs });
  }
  return { subject, bornMs, backOffUntilMs, states };
}
