/**
 * The service tokens of the table, held in memory so that a known token costs no SQL.
 *
 * A change is told by NOTIFY and forgets the token at once, on every replica; without a notification an entry is read
 * again after `freshMs`. Unknown tokens are remembered too, apart from the known ones, so that a flood of wrong tokens
 * can neither push the good ones out nor reach the database with more than one query at a time.
 * While the database is away, a token that was good lately stays good for `staleMs`; an unknown one cannot be judged.
 */
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import { configurationChannel, parseChange } from '../../directory/configuration-change.ts';
import { createTurnLookUp } from '../../directory/turn-look-up.ts';
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
/** At the bound the one used longest ago is forgotten, and read again when it comes. */
const maxKnown = 10_000;
const maxUnknown = 10_000;
/** At the bound a look-up is refused with 503: this many wait only when the database hardly answers, or in a flood. */
const maxWaiting = 5_000;
const touchIntervalMs = 30_000;

export interface TokenDirectory {
  /** The principal of a token by the hex SHA-256 of its text; null where there is none. */
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

/** Listens from the start, so that no change between a look-up and the first notification is missed. */
export async function openTokenDirectory(deps: TokenDirectoryDeps): Promise<TokenDirectory> {
  const { db, clock, logger } = deps;
  const known = new Map<string, KnownToken>();
  const unknown = new Map<string, number>();
  const usedAtMs = new Map<string, number>();
  // Counts changes: what was read before one may be older than it, and is answered but not kept.
  let changes = 0;

  const stopListening = await db.listen(configurationChannel, (payload) => {
    const change = payload === null ? null : parseChange(payload);
    if (change !== null && change.table !== 'service_tokens') return;
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
      // `last_used_at` is for people who tidy up: not worth keeping a backlog for.
      logger.warn({ err: error }, 'the use of service tokens could not be written');
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
        (await findLiveTokensAcrossTenants(db, hashes)).map((token) => [token.tokenSha256.toString('hex'), token]),
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

  const lookUp = createTurnLookUp<Principal>({
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
      // While as many wait as may, a flood of wrong tokens, those that were good lately go on as without the database.
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
      requestsPerMinute: token.rateLimitPerMinute,
    },
    expiresAtMs: token.expiresAt === null ? Number.POSITIVE_INFINITY : token.expiresAt.getTime(),
    loadedAtMs,
  };
}
