/**
 * The store that replicas share besides the database: Redis, or memory if there is one process. A dead or slow Redis
 * must not delay callers: every operation has a deadline (50 ms), and after a few missed deadlines the store counts as
 * away and fails at once with `StoreAway` until a background ping is answered.
 */

/**
 * The shared store did not answer in time or is known to be away. Callers fall back; the error never reaches a tenant.
 */
export class StoreAway extends Error {
  constructor(cause?: unknown) {
    super('the shared store is away', cause === undefined ? undefined : { cause });
    this.name = 'StoreAway';
  }
}

export interface SharedStore {
  readonly kind: 'redis' | 'in-process';
  /** True if the keys of one script must share a hash tag. */
  readonly isCluster?: boolean;
  /** False while operations fail at once, until a ping is answered again. */
  isAvailable(): boolean;
  /** Why the server refuses its address, or all writes, naming the variable; null or absent if no problem is known. */
  problem?(): string | null;
  /** True once the store has been available for the first time. */
  wasAvailable(): boolean;

  /** All keys read within one event-loop turn go into one MGET. Values are the bytes as set. */
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlMs: number): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Returns true if the key did not exist: `SET NX PX`. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Deletes the key only while it still holds `value`. */
  deleteIfEqual(key: string, value: string): Promise<boolean>;
  /** Extends the key's life only while it still holds `value`. */
  extendIfEqual(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Adds to a counter and returns it; a new counter gets `ttlMs` to live. */
  increment(key: string, by: number, ttlMs: number): Promise<number>;

  publish(channel: string, message: string): Promise<void>;
  /** Receives the messages of all replicas, this one too. `onMessage(null)` after a reconnect: messages may be lost. */
  subscribe(channel: string, onMessage: (message: string | null) => void): Promise<() => Promise<void>>;

  /** How many replicas were alive lately, this one included; the last known number while the store is away. */
  replicasSeen(): number;
  /**
   * Runs a Lua script (by its SHA, loaded if missing). Only if `kind` is `redis`: each script has an in-process
   * counterpart, and both pass one contract suite.
   */
  runScript(script: LuaScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface LuaScript {
  readonly name: string;
  readonly lua: string;
}
