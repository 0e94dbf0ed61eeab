/** Commits many records in one statement, and decides what to do if PostgreSQL refuses. */

import { type Handover, messageOfRow } from '../outbox/envelope.ts';
import type { RelayForIntake } from '../outbox/relay.ts';
import { type Database, DatabaseAway } from '../storage/postgres/database.ts';
import { codeOf, isLockTaken } from '../storage/postgres/database-away.ts';
import { commitIntakeRows, type WrittenRows } from '../storage/tables/commit-intake.ts';
import type { IntakeRows, LogBodyRow, WebhookRow } from '../storage/tables/intake-rows.ts';
import {
  findFirstBodies,
  findFirstDeliveries,
  forgetExpiredDeliveries,
  releaseClaimedIds,
} from '../storage/tables/webhooks/seen-deliveries.ts';
import { beginFactCommit, type FactCommit, reclaimEarlierTries } from './fact-commit.ts';
import type { PreparedRecord } from './prepare.ts';

/** What became of one record. */
export type Outcome =
  | { readonly kind: 'written'; readonly duplicateOf: string | null }
  /** The record itself cannot be stored; the other records of the batch were stored. */
  | { readonly kind: 'rejected'; readonly error: unknown };

export interface Commit {
  /** One per record, in order. */
  readonly outcomes: readonly Outcome[];
  /** Events of the written records, in order, for the relay. */
  readonly handovers: readonly Handover[];
}

export interface BatchCommitter {
  /**
   * Throws `DatabaseAway` if the whole batch must be tried again later. The batch may be stored already; repeating it
   * is safe.
   */
  commit(records: readonly PreparedRecord[]): Promise<Commit>;
}

/**
 * Deadlock and serialisation failures: repeating the statement at once may succeed. A lock timeout is not among them,
 * because it has waited already.
 */
const transientCodes = new Set(['40P01', '40001']);
const maxTransientTries = 5;
/**
 * Bodies known to be stored are not sent again. At the limit the older half is forgotten, so at worst a body is sent
 * once more.
 */
const maxRememberedBodies = 20_000;

/** Creates the committer, which remembers the stored bodies. */
export function createBatchCommitter(db: Database, relay: RelayForIntake): BatchCommitter {
  const storedBodies = createKeyMemory(maxRememberedBodies);

  const write = async (records: readonly PreparedRecord[]): Promise<Commit> => {
    const facts = await beginFactCommit(relay, records);
    try {
      return await writeNumbered(records, facts);
    } catch (error) {
      facts.abandon();
      throw error;
    }
  };

  const writeNumbered = async (records: readonly PreparedRecord[], facts: FactCommit): Promise<Commit> => {
    const bodies = newBodies(records, storedBodies);
    const rows: IntakeRows = {
      webhooks: records.flatMap((record) => record.webhook ?? []),
      logs: records.flatMap((record) => record.logs),
      bodies: [...bodies.values()],
      usage: records.flatMap((record) => record.usage),
      events: records.flatMap((record) => record.events),
    };
    await forgetExpiredDeliveries(db, rows.webhooks);
    const written = await commitWithTransientRetries(db, rows, relay.origin);
    const writtenWebhooks = written.webhooks;
    const firstOf = await findFirstOf(db, rows.webhooks, writtenWebhooks);

    for (const [key, body] of bodies) if (body.gate === null) storedBodies.add(key);
    const outcomes = records.map(({ webhook }): Outcome => {
      const first = webhook === null ? undefined : firstOf(webhook);
      // If the first id is its own, an earlier try of this record was committed and its answer was lost.
      const isDuplicate =
        webhook !== null && !writtenWebhooks.has(webhook.id) && first !== undefined && first !== webhook.id;
      return { kind: 'written', duplicateOf: isDuplicate ? first : null };
    });
    const isKept = (_: PreparedRecord, index: number): boolean => {
      const outcome = outcomes[index];
      return outcome?.kind === 'written' && outcome.duplicateOf === null;
    };
    const kept = records.filter(isKept);
    const isFromEarlierTry =
      kept.reduce((count, { logs }) => count + logs.length, 0) > written.logs ||
      kept.some(({ webhook }) => webhook !== null && !writtenWebhooks.has(webhook.id));
    if (isFromEarlierTry) await reclaimEarlierTries(db, relay.origin, kept);
    for (const [index, record] of records.entries()) if (!isKept(record, index)) facts.releaseDuplicate(record);
    const handover = facts.handOver(kept, ({ events }) => events.map((row) => messageOfRow(row, row.not_before)));
    return { outcomes, handovers: [handover] };
  };

  /**
   * Halves the batch until each record that cannot be stored is alone: about log2(n) extra statements per such record.
   */
  const writeIsolating = async (records: readonly PreparedRecord[]): Promise<Commit> => {
    try {
      return await write(records);
    } catch (error) {
      if (isAway(error)) throw asAway(error);
      if (records.length === 1) return { outcomes: [{ kind: 'rejected', error }], handovers: [] };
      const middle = records.length >> 1;
      const first = await writeIsolating(records.slice(0, middle));
      const second = await writeIsolating(records.slice(middle));
      return {
        outcomes: [...first.outcomes, ...second.outcomes],
        handovers: [...first.handovers, ...second.handovers],
      };
    }
  };

  return { commit: writeIsolating };
}

async function commitWithTransientRetries(db: Database, rows: IntakeRows, origin: string): Promise<WrittenRows> {
  for (let tries = 1; ; tries++) {
    try {
      return await commitIntakeRows(db, rows, origin);
    } catch (error) {
      if (!transientCodes.has(codeOf(error)) || tries >= maxTransientTries) throw error;
    }
  }
}

/**
 * Finds the first ids of deliveries that this commit did not write. This is rare, so an extra statement is acceptable.
 */
async function findFirstOf(
  db: Database,
  webhooks: readonly WebhookRow[],
  written: ReadonlySet<string>,
): Promise<(webhook: WebhookRow) => string | undefined> {
  const unwritten = webhooks.filter(({ id, delivery_key }) => delivery_key !== null && !written.has(id));
  if (unwritten.length === 0) return () => undefined;
  const keys = unwritten.flatMap((webhook) => keysOf(webhook));
  const bodies = unwritten.flatMap(({ webhook_id, body_sha256, is_body_taken_once }) =>
    is_body_taken_once && body_sha256 !== null ? { webhook_id, body_sha256 } : [],
  );
  const byDelivery = await findFirstDeliveries(db, keys);
  const byBody = bodies.length === 0 ? new Map<string, string>() : await findFirstBodies(db, bodies);
  const firstOfBody = (webhook: WebhookRow): string | undefined => {
    const body = bodyOf(webhook);
    return body === null ? undefined : byBody.get(body);
  };
  const needlessClaims = unwritten.filter((webhook) => {
    const first = firstOfBody(webhook);
    return first !== undefined && first !== webhook.id && byDelivery.get(deliveryOf(webhook)) === webhook.id;
  });
  if (needlessClaims.length > 0) {
    await releaseClaimedIds(
      db,
      needlessClaims.map(({ webhook_id }) => webhook_id),
      needlessClaims.map(({ id }) => id),
    );
  }
  return (webhook) => {
    const ofBody = firstOfBody(webhook);
    if (ofBody !== undefined) return ofBody;
    return keysOf(webhook)
      .map(({ webhook_id, delivery_key }) => byDelivery.get(`${webhook_id}\n${delivery_key}`))
      .find((id) => id !== undefined);
  };
}

/**
 * The keys that the delivery may have claimed. An unsigned id also claims one combined with its body, which is listed
 * first.
 */
function keysOf(webhook: WebhookRow): { webhook_id: string; delivery_key: string }[] {
  const { webhook_id, delivery_key, body_sha256, is_id_unsigned } = webhook;
  if (delivery_key === null) return [];
  const byId = { webhook_id, delivery_key };
  return is_id_unsigned === true ? [{ webhook_id, delivery_key: `${delivery_key} ${body_sha256}` }, byId] : [byId];
}

/** The delivery's key within its webhook. */
export function deliveryOf({ webhook_id, delivery_key }: WebhookRow): string {
  return `${webhook_id}\n${delivery_key}`;
}

/** The body's key within its webhook; null if equal bodies are different deliveries. */
export function bodyOf({ webhook_id, body_sha256, is_body_taken_once }: WebhookRow): string | null {
  return is_body_taken_once === true && body_sha256 !== null ? `${webhook_id}\n${body_sha256}` : null;
}

function newBodies(records: readonly PreparedRecord[], stored: KeyMemory): Map<string, LogBodyRow> {
  const bodies = new Map<string, LogBodyRow>();
  for (const record of records) {
    for (const body of record.bodies) {
      // A body that depends on a webhook may be skipped with it, so it must not stand for another record's body.
      const key = `${body.day} ${body.management_company_id} ${body.body_hash} ${body.gate ?? ''}`;
      if (!stored.has(key)) bodies.set(key, body);
    }
  }
  return bodies;
}

interface KeyMemory {
  has(key: string): boolean;
  add(key: string): void;
}

/**
 * Two generations. Deleting the oldest keys one by one would leave deleted slots in the Set that each search for the
 * oldest key has to skip.
 */
function createKeyMemory(maxKeys: number): KeyMemory {
  let younger = new Set<string>();
  let older = younger;
  return {
    has: (key) => younger.has(key) || older.has(key),
    add(key) {
      if (younger.size >= maxKeys / 2) {
        older = younger;
        younger = new Set();
      }
      younger.add(key);
    },
  };
}

/**
 * Whether the error has nothing to do with the records: the connection (08), the server's resources (53), its operator
 * (57), its internal state (58, XX), our tables and rights (42: a migration has not run), or a lock timeout.
 */
function isAway(error: unknown): boolean {
  if (error instanceof DatabaseAway) return true;
  const code = codeOf(error);
  return transientCodes.has(code) || isLockTaken(error) || /^(?:08|25|42|53|57|58|XX)/.test(code);
}

function asAway(error: unknown): DatabaseAway {
  if (error instanceof DatabaseAway) return error;
  return new DatabaseAway('it does not accept commits', { cause: error, outcomeUnknown: true });
}
