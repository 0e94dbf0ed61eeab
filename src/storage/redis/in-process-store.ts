/**
 * `SharedStore` in memory, for a single process, bounded by bytes and entries: the least recently used entries are
 * evicted first. It is meant for one replica without Redis, so an eviction costs only a cache entry or a lock that no
 * other process could see.
 */
import { oldestOf } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { ownBytes } from '../postgres/own-bytes.ts';
import type { SharedStore } from './shared-store.ts';

export interface InProcessStoreOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxBytes?: number;
  readonly maxEntries?: number;
}

interface Entry {
  readonly value: Buffer;
  readonly expiresAtMs: number;
}

const defaultMaxBytes = 64 * 1024 * 1024;
const defaultMaxEntries = 100_000;
/** The overhead of a Map entry, its key and its Buffer, besides their bytes. */
const entryOverheadBytes = 200;

export function createInProcessStore(options: InProcessStoreOptions): SharedStore {
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  const maxEntries = options.maxEntries ?? defaultMaxEntries;
  /** Least recently used first: a Map keeps insertion order, and each use inserts the entry again. */
  const entries = new Map<string, Entry>();
  const listeners = new Map<string, Set<(message: string | null) => void>>();
  let usedBytes = 0;

  const sizeOf = (key: string, entry: Entry): number => key.length + entry.value.byteLength + entryOverheadBytes;

  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    usedBytes -= sizeOf(key, entry);
  };

  const find = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresAtMs > options.clock.now()) return entry;
    remove(key);
    return undefined;
  };

  const put = (key: string, value: Buffer, expiresAtMs: number): void => {
    remove(key);
    const entry = { value: ownBytes(value), expiresAtMs };
    entries.set(key, entry);
    usedBytes += sizeOf(key, entry);
    while (usedBytes > maxBytes || entries.size > maxEntries) remove(oldestOf(entries));
  };

  const tell = (listener: (message: string | null) => void, message: string): void => {
    try {
      listener(message);
    } catch (error) {
      options.logger.error({ err: error }, 'a listener for messages between replicas failed');
    }
  };

  return {
    kind: 'in-process',
    isAvailable: () => true,
    wasAvailable: () => true,

    async get(key) {
      const entry = find(key);
      if (entry === undefined) return null;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    async set(key, value, ttlMs) {
      put(key, value, options.clock.now() + ttlMs);
    },
    async delete(keys) {
      for (const key of keys) remove(key);
    },
    async setIfAbsent(key, value, ttlMs) {
      if (find(key) !== undefined) return false;
      put(key, Buffer.from(value), options.clock.now() + ttlMs);
      return true;
    },
    async deleteIfEqual(key, value) {
      if (find(key)?.value.toString() !== value) return false;
      remove(key);
      return true;
    },
    async extendIfEqual(key, value, ttlMs) {
      const entry = find(key);
      if (entry?.value.toString() !== value) return false;
      put(key, entry.value, options.clock.now() + ttlMs);
      return true;
    },
    async increment(key, by, ttlMs) {
      const entry = find(key);
      const value = Number(entry?.value.toString() ?? 0) + by;
      put(key, Buffer.from(String(value)), entry?.expiresAtMs ?? options.clock.now() + ttlMs);
      return value;
    },

    async publish(channel, message) {
      // Deliver later, as a network would: a listener never runs inside its publisher.
      for (const listener of listeners.get(channel) ?? []) queueMicrotask(() => tell(listener, message));
    },
    async subscribe(channel, onMessage) {
      const set = listeners.get(channel) ?? new Set();
      set.add(onMessage);
      listeners.set(channel, set);
      return async () => {
        set.delete(onMessage);
        if (set.size === 0) listeners.delete(channel);
      };
    },

    replicasSeen: () => 1,
    async runScript(script) {
      throw new Error(`the script ${script.name} needs Redis; use its in-process counterpart`);
    },
    async close() {
      entries.clear();
      listeners.clear();
      usedBytes = 0;
    },
  };
}
