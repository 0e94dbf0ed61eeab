/**
 * Answers in memory, bounded by entries and by bytes.
 *
 * Eviction gives a second chance (CLOCK): a hit only sets a mark, whereas least-recently-used would move the entry in
 * the map at every hit. At a bound, a hand goes round the entries, oldest first: a marked entry loses its mark, the
 * first unmarked one is evicted. The hand keeps its place between evictions: starting over would walk across the holes
 * that earlier evictions left in the map, which took 10 µs of an answer from Redis. Entries stay after they expire,
 * because a stale answer is better than none when every provider fails.
 */
import type { TenantId } from '../ids.ts';
import { ownBytes } from '../storage/postgres/own-bytes.ts';
import type { CachedAnswer } from './cached-answer.ts';
import { identityOf } from './cached-answer.ts';

export interface MemoryEntry {
  readonly answer: CachedAnswer;
  readonly identity: string;
  /** Unix milliseconds; from then on another layer must confirm the answer. */
  readonly freshUntilMs: number;
  readonly sizeBytes: number;
  hits: number;
  /** Hits not yet passed on to usage and statistics. */
  uncountedHits: number;
  usedLately: boolean;
}

export interface MemoryLayer {
  /** Fresh or not: the caller checks `freshUntilMs`. */
  find(identity: string): MemoryEntry | undefined;
  put(answer: CachedAnswer, freshUntilMs: number, identity?: string): void;
  /** Removes matching answers, and returns their cache keys. A scope limits the search to its own entries. */
  remove(tenantId: TenantId, scope: string | null, matches: (answer: CachedAnswer) => boolean): string[];
  clear(): void;
  entries(): IterableIterator<MemoryEntry>;
  sizeBytes(): number;
}

/** The cost of an entry besides its body: keys, objects, map slots. */
const overheadBytes = 1_024;

export interface MemoryLayerOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Called for each evicted entry. */
  readonly onEvicted?: (() => void) | undefined;
}

export function createMemoryLayer(options: MemoryLayerOptions): MemoryLayer {
  const entries = new Map<string, MemoryEntry>();
  const byScope = new Map<string, Set<MemoryEntry>>();
  let totalBytes = 0;

  const scopeKeyOf = (tenantId: TenantId, scope: string): string => `${tenantId}\n${scope}`;

  const drop = (entry: MemoryEntry): void => {
    entries.delete(entry.identity);
    totalBytes -= entry.sizeBytes;
    const { scope, tenantId } = entry.answer;
    if (scope === null) return;
    const scoped = byScope.get(scopeKeyOf(tenantId, scope));
    scoped?.delete(entry);
    if (scoped?.size === 0) byScope.delete(scopeKeyOf(tenantId, scope));
  };

  let hand = entries.values();
  const moveHand = (): MemoryEntry | undefined => {
    const next = hand.next();
    if (!next.done) return next.value;
    hand = entries.values();
    return hand.next().value;
  };

  const makeRoom = (): void => {
    // Each step drops an entry or removes a mark, so the loop ends after at most two rounds.
    while (entries.size >= options.maxEntries || totalBytes > options.maxBytes) {
      const entry = moveHand();
      if (entry === undefined) return;
      if (entry.usedLately) {
        entry.usedLately = false;
      } else {
        drop(entry);
        options.onEvicted?.();
      }
    }
  };

  return {
    find(identity) {
      const entry = entries.get(identity);
      if (entry !== undefined) entry.usedLately = true;
      return entry;
    },
    put(answer, freshUntilMs, identity = identityOf(answer)) {
      const sizeBytes = answer.body.length + 2 * identity.length + overheadBytes;
      const previous = entries.get(identity);
      if (previous !== undefined) drop(previous);
      // One answer may take at most an eighth: a giant must not evict everything else.
      if (sizeBytes > options.maxBytes / 8) return;
      totalBytes += sizeBytes;
      makeRoom();
      const entry: MemoryEntry = {
        answer: { ...answer, body: ownBytes(answer.body) },
        identity,
        freshUntilMs,
        sizeBytes,
        hits: previous?.hits ?? 0,
        uncountedHits: 0,
        usedLately: false,
      };
      entries.set(identity, entry);
      if (answer.scope === null) return;
      const scopeKey = scopeKeyOf(answer.tenantId, answer.scope);
      const scoped = byScope.get(scopeKey);
      if (scoped === undefined) byScope.set(scopeKey, new Set([entry]));
      else scoped.add(entry);
    },
    remove(tenantId, scope, matches) {
      const candidates = scope === null ? entries.values() : (byScope.get(scopeKeyOf(tenantId, scope)) ?? []);
      const removed: string[] = [];
      for (const entry of [...candidates]) {
        if (entry.answer.tenantId !== tenantId || !matches(entry.answer)) continue;
        drop(entry);
        removed.push(entry.answer.cacheKey);
      }
      return removed;
    },
    clear() {
      entries.clear();
      byScope.clear();
      totalBytes = 0;
    },
    entries: () => entries.values(),
    sizeBytes: () => totalBytes,
  };
}

export interface MemorySize {
  readonly serviceName: string;
  readonly operation: string;
  readonly entries: number;
  readonly sizeBytes: number;
}

export function sizeByServiceAndOperation(entries: Iterable<MemoryEntry>, tenantId: TenantId): MemorySize[] {
  const sizes = new Map<string, { serviceName: string; operation: string; entries: number; sizeBytes: number }>();
  for (const { answer, sizeBytes } of entries) {
    if (answer.tenantId !== tenantId) continue;
    const key = `${answer.serviceName} ${answer.operation}`;
    const size = sizes.get(key) ?? {
      serviceName: answer.serviceName,
      operation: answer.operation,
      entries: 0,
      sizeBytes: 0,
    };
    size.entries += 1;
    size.sizeBytes += sizeBytes;
    sizes.set(key, size);
  }
  return [...sizes.values()];
}
