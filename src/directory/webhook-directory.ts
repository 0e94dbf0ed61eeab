/**
 * Keeps active webhooks in memory, by the hash of their token, so that a delivery needs no query to find its webhook.
 *
 * The states of an entry:
 *   read ──▶ fresh ── 10 min ──▶ ageing: still used, one reload in the background
 *                └── notification of a change ──▶ outdated: the next delivery waits for a reload
 * While PostgreSQL is away the last known entries stay valid for a day, so that deliveries can be verified and spooled.
 * Unknown tokens are remembered separately, and reach the database with one query at a time.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { WebhookConfigRow } from '../storage/tables/webhooks/webhook-configs.ts';
import {
  findRecentWebhooksAcrossTenants,
  findWebhooksByTokenAcrossTenants,
} from '../storage/tables/webhooks/webhook-configs-across-tenants.ts';
import { createBatchedLookUp } from './batched-look-up.ts';
import { listenForChanges } from './configuration-change.ts';

export interface WebhookDirectory<Webhook> {
  /** The active webhook of a token by the hex SHA-256 of its text; null if there is none. */
  find(tokenHashHex: string): Webhook | null | Promise<Webhook | null>;
  /** Called after this process changed it: the entry is outdated before the notification arrives. */
  noteChange(webhookId: string): void;
  close(): Promise<void>;
}

export interface WebhookDirectoryDeps<Webhook> {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the row's secrets. An error makes only this webhook unusable (503). */
  read(row: WebhookConfigRow): Webhook;
}

/** Notifications bring changes at once, and a gap in them makes all entries outdated. */
const freshMs = 600_000;
const staleMs = 86_400_000;
const unknownMs = 10_000;
/** At the bound the least recently used entry is dropped, and read again when needed. */
const maxKnown = 20_000;
const maxUnknown = 10_000;
const preloaded = 10_000;
/** At the bound a look-up is refused with 503: so many wait only when the database hardly answers. */
const maxWaiting = 5_000;

interface Entry<Webhook> {
  readonly webhookId: string;
  /** null: its secrets cannot be opened. */
  readonly webhook: Webhook | null;
  readonly loadedAtMs: number;
  outdated: boolean;
}

/** Listens before it reads, so that no change is missed. */
export async function openWebhookDirectory<Webhook>(
  deps: WebhookDirectoryDeps<Webhook>,
): Promise<WebhookDirectory<Webhook>> {
  const { clock, logger } = deps;
  const db = { query: deps.db.querySystem.bind(deps.db) };
  const known = new Map<string, Entry<Webhook>>();
  const unknown = new Map<string, number>();
  /** Counts changes: a result read before a change may be outdated. */
  let changes = 0;

  const noteChange = (webhookId: string | null): void => {
    changes += 1;
    unknown.clear();
    for (const entry of known.values()) {
      if (webhookId === null || entry.webhookId === webhookId) entry.outdated = true;
    }
  };
  const stopListening = await listenForChanges(deps.db, ['webhook_configs'], (change) =>
    noteChange(change?.id ?? null),
  );

  const entryOf = (row: WebhookConfigRow, outdated: boolean): Entry<Webhook> => {
    let webhook: Webhook | null = null;
    try {
      webhook = deps.read(row);
    } catch (error) {
      logger.error({ err: error, webhook_id: row.id }, 'could not decrypt the secrets of a webhook');
    }
    return { webhookId: row.id, webhook, loadedAtMs: clock.now(), outdated };
  };

  const answer = (entry: Entry<Webhook>): Webhook => {
    if (entry.webhook === null) throw unavailable('This webhook cannot be used now.');
    return entry.webhook;
  };

  const keep = (hashHex: string, entry: Entry<Webhook> | null): void => {
    known.delete(hashHex);
    if (entry === null) setBounded(unknown, hashHex, clock.now(), maxUnknown);
    else setBounded(known, hashHex, entry, maxKnown);
  };

  const fulfilled = (value: Webhook | null) => ({ status: 'fulfilled', value }) as const;
  const rejected = (reason: unknown) => ({ status: 'rejected', reason }) as const;

  const read = async (hashesHex: readonly string[]): Promise<PromiseSettledResult<Webhook | null>[]> => {
    const changesBefore = changes;
    try {
      const hashes = hashesHex.map((hashHex) => Buffer.from(hashHex, 'hex'));
      const rows = await findWebhooksByTokenAcrossTenants(db, hashes);
      const byHash = new Map(rows.map((row) => [row.webhook_token_sha256.toString('hex'), row]));
      return hashesHex.map((hashHex) => {
        const row = byHash.get(hashHex);
        const entry = row === undefined ? null : entryOf(row, changes !== changesBefore);
        if (entry !== null || changes === changesBefore) keep(hashHex, entry);
        if (entry === null) return fulfilled(null);
        return entry.webhook === null
          ? rejected(unavailable('This webhook cannot be used now.'))
          : fulfilled(entry.webhook);
      });
    } catch (error) {
      return hashesHex.map((hashHex) => {
        const last = known.get(hashHex);
        const isServable = last?.webhook != null && clock.now() - last.loadedAtMs < staleMs;
        return isServable ? fulfilled(last.webhook) : rejected(error);
      });
    }
  };
  const lookUp = createBatchedLookUp<Webhook>({
    maxWaiting,
    refuse: () => unavailable('The webhook cannot be looked up now.'),
    read,
  });

  try {
    for (const row of await findRecentWebhooksAcrossTenants(db, preloaded)) {
      keep(row.webhook_token_sha256.toString('hex'), entryOf(row, changes > 0));
    }
  } catch (error) {
    logger.warn({ err: error }, 'could not preload webhooks: each is read at its first delivery');
  }

  return {
    find(hashHex) {
      const nowMs = clock.now();
      const entry = known.get(hashHex);
      if (entry !== undefined && !entry.outdated) {
        const ageMs = nowMs - entry.loadedAtMs;
        if (ageMs < freshMs) return answer(entry);
        if (ageMs < staleMs && !lookUp.isFull()) {
          lookUp.find(hashHex).catch(() => undefined); // If it fails, the last known entry is used until it is too old.
          return answer(entry);
        }
      }
      const unknownSinceMs = unknown.get(hashHex);
      if (unknownSinceMs !== undefined) {
        if (nowMs - unknownSinceMs < unknownMs) return null;
        unknown.delete(hashHex);
      }
      return lookUp.find(hashHex);
    },
    noteChange,
    close: stopListening,
  };
}

function unavailable(message: string): ServiceError {
  return new ServiceError('SERVICE_UNAVAILABLE', message, { retryAfterSeconds: 2 });
}
