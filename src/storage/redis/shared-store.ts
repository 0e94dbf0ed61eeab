/**
 * What replicas share beside the database: Redis, or memory where there is one process.
 *
 * A dead or slow Redis must not slow anyone down: every operation has a deadline (50 ms), and after a few missed ones
 * the store counts as away and fails at once with `StoreAway` until a background ping is answered.
 */

/** The shared store did not answer in time, or is known to be away. Callers fall back; it never reaches a tenant. */
export class StoreAway extends Error {
  constructor(cause?: unknown) {
    super('the shared store is away', cause === undefined ? undefined : { cause });
    this.name = 'StoreAway';
  }
}

export interface SharedStore {
  readonly kind: 'redis' | 'in-process';
  /** True where the keys of one script must share a hash tag. */
  readonly isCluster?: boolean;
  /** False from the moment that operations fail at once until a ping is answered again. */
  isAvailable(): boolean;
  /** What of its address the server refuses, naming the variable; null or absent: nothing that is known. */
  addressProblem?(): string | null;
  /** True from the first time that it was available. */
  wasAvailable(): boolean;

  /** All keys asked for within one event-loop turn go in one MGET. Values are the bytes as set. */
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlMs: number): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** True where the key was not there: `SET NX PX`. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Deletes the key only while it still holds `value`. */
  deleteIfEqual(key: string, value: string): Promise<boolean>;
  /** Extends the key's life only while it still holds `value`. */
  extendIfEqual(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Adds to a counter and returns it; a new counter gets `ttlMs` to live. */
  increment(key: string, by: number, ttlMs: number): Promise<number>;

  publish(channel: string, message: string): Promise<void>;
  /** Messages of all replicas, this one's too. `onMessage(null)` after a reconnect: some may have been missed. */
  subscribe(channel: string, onMessage: (message: string | null) => void): Promise<() => Promise<void>>;

  /** How many replicas were seen alive lately, this one included; the last known number while the store is away. */
  replicasSeen(): number;
  /**
   * Runs a Lua script (by its SHA, loaded when missing). Only where `kind` is `redis`: each use has an in-process twin,
   * and both pass one contract suite.
   */
  runScript(script: LuaScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface LuaScript {
  readonly name: string;
  readonly lua: string;
}
