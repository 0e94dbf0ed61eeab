/** Appends to the spool and detects duplicates within it, because PostgreSQL, which has all deliveries, is away. */
import { setBounded } from '../bounded-map.ts';
import type { WebhookRow } from '../storage/tables/intake-rows.ts';
import { bodyOf, deliveryOf } from './commit-batch.ts';
import type { IntakeReceipt } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';
import type { Spool } from './spool.ts';

export interface SpoolWriter {
  /**
   * Returns one receipt per record; calls run one after another. Throws `IntakeFull`: then no record is acknowledged.
   */
  append(records: readonly PreparedRecord[]): Promise<IntakeReceipt[]>;
  isIdle(): boolean;
  /** Forgets the seen deliveries. Call it when the spool is drained: PostgreSQL detects duplicates then. */
  forget(): void;
}

/** At the limit the oldest key is forgotten; a repetition of it is spooled too, and dropped during the drain. */
const maxRemembered = 200_000;

/** Creates a writer that remembers the deliveries in the spool. */
export function createSpoolWriter(spool: Spool): SpoolWriter {
  const firstByKey = new Map<string, string>();
  let appending = 0;
  let last: Promise<unknown> = Promise.resolve();

  const appendNext = async (records: readonly PreparedRecord[]): Promise<IntakeReceipt[]> => {
    const firstInBatch = new Map<string, string>();
    const receipts: IntakeReceipt[] = [];
    const fresh: PreparedRecord[] = [];
    for (const record of records) {
      const { webhook } = record;
      const keys = webhook === null ? [] : keysOf(webhook);
      const first = keys.map((key) => firstByKey.get(key) ?? firstInBatch.get(key)).find((id) => id !== undefined);
      receipts.push({ duplicateOf: first ?? null, storedIn: 'spool' });
      if (first !== undefined) continue;
      fresh.push(record);
      if (webhook !== null) for (const key of keys) firstInBatch.set(key, webhook.id);
    }
    if (fresh.length > 0) await spool.append(fresh);
    for (const [key, id] of firstInBatch) setBounded(firstByKey, key, id, maxRemembered);
    return receipts;
  };

  return {
    append(records) {
      appending += 1;
      const appended = last
        .then(() => appendNext(records))
        .finally(() => {
          appending -= 1;
        });
      last = appended.catch(() => undefined);
      return appended;
    },
    isIdle: () => appending === 0,
    forget: () => firstByKey.clear(),
  };
}

/**
 * The keys of a delivery; another delivery with one of them is a duplicate. The prefixes keep ids and body hashes
 * apart.
 */
function keysOf(webhook: WebhookRow): string[] {
  if (webhook.delivery_key === null) return [];
  const body = bodyOf(webhook);
  // If the id is unsigned, PostgreSQL decides during the drain whether a known body came under a foreign id.
  const own = webhook.is_id_unsigned === true ? ` ${webhook.body_sha256}` : '';
  const id = `id ${deliveryOf(webhook)}${own}`;
  return body === null ? [id] : [id, `body ${body}`];
}
