/** Appends to the spool and tells duplicates among what lies there: PostgreSQL, which knows them all, is away. */
import { deliveryOf } from './commit-batch.ts';
import type { IntakeReceipt } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';
import type { Spool } from './spool.ts';

export interface SpoolWriter {
  /** One receipt per record. Throws `IntakeFull`; then nothing of it is acknowledged. */
  append(records: readonly PreparedRecord[]): Promise<IntakeReceipt[]>;
  isIdle(): boolean;
  /** The spool is drained: PostgreSQL knows its deliveries now. */
  forget(): void;
}

/** At the bound the eldest is forgotten; its repetition is spooled too, and dropped when it drains. */
const maxRemembered = 200_000;

export function createSpoolWriter(spool: Spool): SpoolWriter {
  const firstByDelivery = new Map<string, string>();
  let appending = 0;

  return {
    async append(records) {
      appending += 1;
      try {
        const firstInBatch = new Map<string, string>();
        const receipts: IntakeReceipt[] = [];
        const fresh: PreparedRecord[] = [];
        for (const record of records) {
          const { webhook } = record;
          const key = webhook === null || webhook.delivery_key === null ? null : deliveryOf(webhook);
          const first = key === null ? undefined : (firstByDelivery.get(key) ?? firstInBatch.get(key));
          receipts.push({ duplicateOf: first ?? null, storedIn: 'spool' });
          if (first !== undefined) continue;
          fresh.push(record);
          if (key !== null && webhook !== null) firstInBatch.set(key, webhook.id);
        }
        if (fresh.length > 0) await spool.append(fresh);
        for (const [key, id] of firstInBatch) {
          if (firstByDelivery.size >= maxRemembered)
            firstByDelivery.delete(firstByDelivery.keys().next().value as string);
          firstByDelivery.set(key, id);
        }
        return receipts;
      } finally {
        appending -= 1;
      }
    },
    isIdle: () => appending === 0,
    forget: () => firstByDelivery.clear(),
  };
}
