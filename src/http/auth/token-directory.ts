/**
 * Keeps service tokens in memory, so that a known token costs no SQL.
 *
 * A NOTIFY drops a changed token at once on every replica; without a notification, an entry is read again after
 * `freshMs`. Unknown tokens are remembered in a separate cache, so that a flood of wrong tokens neither evicts valid
 * ones nor sends more than one query at a time to the database. While the database is away, a token that was valid
 * lately stays valid for `staleMs`; an unknown one cannot be checked.
 */
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import { createBatchedLookUp } from '../../directory/batched-look-up.ts';
import { listenForChanges } from '../../directory/configuration-change.ts';
import { ServiceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Database } from '../../storage/postgres/database.ts';
import {
  findLiveTokensAcrossTenants,
  type LiveToken,
  touchTokensAcrossTenants,
} from '../../storage/tables/service-tokens.ts';
import type { Principal } from '../request/request-context.ts';

const freshMs = 30_000;
const staleMs = 600_000;
const unknownMs = 10_000;
/** At the bound the least recently used entry is dropped, and read again when needed. */
const maxKnown = 10_000;
const maxUnknown = 10_000;
/** At the bound a look-up is refused with 503: so many wait only in a flood, or when the database hardly answers. */
const maxWaiting = 5_000;
const touchIntervalMs = 30_000;

export interface TokenDirectory {
  /** The principal of a token by the hex SHA-256 of its text; null if there is no such token. */
  find(hashHex: string): Principal | null | Promise<Principal | null>;
  close(): Promise<void>;
}

export interface TokenDirectoryDeps {
  db: Pick<Database, 'querySystem' | 'listen'>;
  clock: Clock;
  logger: Logger;
}

interface KnownToken {
  readonly id: string;
  readonly principal: Principal;
  readonly expiresAtMs: number;
  readonly loadedAtMs: number;
}

/** Listens before the first look-up, so that it misses no change. */
export async function openTokenDirectory(deps: TokenDirectoryDeps): Promise<TokenDirectory> {
  const { db, clock, logger } = deps;
  const known = new Map<string, KnownToken>();
  const unknown = new Map<string, number>();
  const usedAtMs = new Map<string, number>();
  // Counts changes: a result that was read before a change may be outdated, so it is returned but not cached.
  let changes = 0;

  const stopListening = await listenForChanges(db, ['service_tokens'], (change) => {
    changes += 1;
    unknown.clear();
    for (const [hashHex, entry] of known) {
      if (change === null)
        known.set(hashHex, { ...entry, loadedAtMs: Math.min(entry.loadedAtMs, clock.now() - freshMs) });
      else if (entry.id === change.id) known.delete(hashHex);
    }
  });

  const touchTimer = setInterval(() => void writeUse(), touchIntervalMs).unref();

  async function writeUse(): Promise<void> {
    if (usedAtMs.size === 0) return;
    const used = [...usedAtMs].map(([id, atMs]) => ({ id, atMs }));
    usedAtMs.clear();
    try {
      await touchTokensAcrossTenants(db, used);
    } catch (error) {
      // `last_used_at` only helps people to clean up, so a failed write is not retried.
      logger.warn({ err: error }, 'could not store the use of service tokens');
    }
  }

  function answer(entry: KnownToken): Principal | null {
    const nowMs = clock.now();
    if (entry.expiresAtMs <= nowMs) return null;
    usedAtMs.set(entry.id, nowMs);
    return entry.principal;
  }

  const fulfilled = (value: Principal | null) => ({ status: 'fulfilled', value }) as const;

  async function read(hashesHex: readonly string[]): Promise<PromiseSettledResult<Principal | null>[]> {
    const changesBefore = changes;
    try {
      const hashes = hashesHex.map((hashHex) => Buffer.from(hashHex, 'hex'));
      const found = new Map(
        (await findLiveTokensAcrossTenants(db, hashes)).map((token) => [token.token_sha256.toString('hex'), token]),
      );
      const loadedAtMs = clock.now();
      return hashesHex.map((hashHex) => {
        const token = found.get(hashHex);
        const entry = token === undefined ? null : toKnown(token, loadedAtMs);
        if (changes === changesBefore) keep(hashHex, entry, loadedAtMs);
        return fulfilled(entry === null ? null : answer(entry));
      });
    } catch (reason) {
      return hashesHex.map((hashHex) => {
        const last = known.get(hashHex);
        const isServable = last !== undefined && clock.now() - last.loadedAtMs < staleMs;
        return isServable ? fulfilled(answer(last)) : { status: 'rejected', reason };
      });
    }
  }

  const lookUp = createBatchedLookUp<Principal>({
    maxWaiting,
    refuse: () =>
      new ServiceError('SERVICE_UNAVAILABLE', 'The credential cannot be checked now.', { retryAfterSeconds: 2 }),
    read,
  });

  function keep(hashHex: string, entry: KnownToken | null, atMs: number): void {
    known.delete(hashHex);
    if (entry === null) setBounded(unknown, hashHex, atMs, maxUnknown);
    else setBounded(known, hashHex, entry, maxKnown);
  }

  return {
    find(hashHex) {
      const nowMs = clock.now();
      const entry = known.get(hashHex);
      // While the queue is full, in a flood of wrong tokens, known tokens stay valid as long as without the database.
      const maxAgeMs = !lookUp.isFull() ? freshMs : staleMs;
      if (entry !== undefined && nowMs - entry.loadedAtMs < maxAgeMs) return answer(entry);
      const unknownSinceMs = unknown.get(hashHex);
      if (unknownSinceMs !== undefined) {
        if (nowMs - unknownSinceMs < unknownMs) return null;
        unknown.delete(hashHex);
      }
      return lookUp.find(hashHex);
    },
    async close() {
      clearInterval(touchTimer);
      await stopListening();
      await writeUse();
    },
  };
}

function toKnown(token: LiveToken, loadedAtMs: number): KnownToken {
  return {
    id: token.id,
    principal: {
      kind: 'service-token',
      id: `token:${token.id}`,
      name: token.name,
      tenants: token.tenants.includes('*') ? null : new Set(token.tenants),
      scopes: new Set(token.scopes),
      services: token.services === null ? null : new Set(token.services),
      requestsPerMinute: token.rate_limit_per_minute,
    },
    expiresAtMs: token.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
    loadedAtMs,
  };
}
