/** Writes to Redis what a replica spent while Redis was away (its debts). */

import { Ledger } from './limit-ledger.ts';
import type { Debt, SharedLimits } from './rate-limit-redis.ts';
import { type Memory, noteBirth, type Share } from './rate-limit-share.ts';

export interface DebtCollector {
  /** Writes the debts. Rejects with `StoreAway`; debts that Redis did not confirm remain. */
  writeAll(): Promise<void>;
  /** As `writeAll`; but first checks whether Redis still has its state. If not, all of this replica's use is a debt. */
  writeAllVerified(): Promise<void>;
  /** Call it when Redis decides again: it counts all units that were spent without it. */
  forgetAbsence(): void;
}

export interface DebtCollectorDeps {
  readonly share: Share;
  readonly shared: SharedLimits;
  now(): number;
  readonly isCluster: boolean;
}

/** Each has up to a few hundred slices; the limit keeps one script call within two milliseconds. */
const maxDebtsPerCall = 64;

/** Creates the collector over a replica's share. */
export function createDebtCollector({ share, shared, now, isCluster }: DebtCollectorDeps): DebtCollector {
  const write = async (memories: readonly Memory[]): Promise<void> => {
    const sent = memories.map((memory) => {
      const ledger = memory.unwritten ?? new Ledger(memory.own);
      // Units spent during this write become the next debt.
      memory.unwritten = null;
      return ledger;
    });
    const debts = memories.map(
      (memory, index): Debt => ({ key: memory.key, ledger: sent[index] as Ledger, nowMs: now() }),
    );
    try {
      const bornMs = await shared.writeBack(debts);
      for (const [index, memory] of memories.entries()) memory.bornMs = bornMs[index] as number;
    } catch (error) {
      for (const [index, memory] of memories.entries()) {
        const ledger = sent[index] as Ledger;
        if (memory.unwritten !== null) ledger.absorb(memory.unwritten);
        memory.unwritten = ledger;
      }
      throw error;
    }
  };

  const writeAll = async (): Promise<void> => {
    const indebted = [...share.memories()].filter((memory) => memory.unwritten !== null);
    for (const memories of inCalls(indebted, isCluster)) await write(memories);
  };

  const verify = async (memories: readonly Memory[]): Promise<void> => {
    const nowMs = now();
    const nothing = memories.map(({ key, own }): Debt => ({ key, ledger: new Ledger(own), nowMs }));
    const bornMs = await shared.writeBack(nothing);
    for (const [index, memory] of memories.entries()) noteBirth(memory, bornMs[index] as number, nowMs);
  };

  return {
    writeAll,
    async writeAllVerified() {
      const spent = [...share.memories()].filter((memory) => !memory.own.isEmpty(now()));
      for (const memories of inCalls(spent, isCluster)) await verify(memories);
      await writeAll();
    },
    forgetAbsence() {
      for (const memory of share.memories()) {
        if (memory.alone === null || memory.unwritten !== null) continue;
        memory.known.absorb(memory.alone);
        memory.alone = null;
      }
    },
  };
}

function inCalls(memories: readonly Memory[], isCluster: boolean): Memory[][] {
  const bySlot = Map.groupBy(memories, ({ tenantId }) => (isCluster ? tenantId : ''));
  return [...bySlot.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / maxDebtsPerCall) }, (_, call) =>
      group.slice(call * maxDebtsPerCall, (call + 1) * maxDebtsPerCall),
    ),
  );
}
