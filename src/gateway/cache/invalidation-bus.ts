/**
 * Carries invalidations to every replica.
 *
 * Through the shared store's pub/sub, where each replica acknowledges, so that the one that invalidates knows when all
 * memories have let go; it waits for them at most `ackDeadlineMs`, since a replica may have died within the last
 * heartbeat. While the store is away PostgreSQL's NOTIFY carries them instead, without acknowledgement, and each replica
 * that hears one numbers it in the store once that is back.
 *
 * With both away other replicas hear nothing: their memories then serve what has no scope for its memory TTL
 * (`CACHE_L1_TTL_SECONDS`) at most, and nothing of a scope.
 */
import { isUuid, newId, type TenantId } from '../../ids.ts';
import type { Logger } from '../../logger.ts';
import type { Database } from '../../storage/database.ts';
import { notify } from '../../storage/notify.ts';
import { type SharedStore, StoreAway } from '../../storage/shared-store.ts';
import type { Deadlines } from '../deadline.ts';
import type { CacheSelector } from './selector.ts';

const channel = 'cache-invalidations';
const databaseChannel = 'cache_invalidations';
const ackDeadlineMs = 100;

export interface Invalidation {
  readonly tenantId: TenantId;
  readonly selector: CacheSelector;
}

export interface InvalidationBus {
  /** Resolves when the other replicas have let go, or their time is up. */
  announce(invalidation: Invalidation): Promise<void>;
  close(): Promise<void>;
}

export interface InvalidationBusDeps {
  readonly store: SharedStore;
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** Lets go of what is met, before it returns; `via` says which way it came. */
  readonly onInvalidation: (invalidation: Invalidation, via: 'store' | 'database') => Promise<void>;
  /** Some may have been missed. */
  readonly onGap: () => void;
}

interface Message extends Invalidation {
  readonly id: string;
  readonly from: string;
}

export async function openInvalidationBus(deps: InvalidationBusDeps): Promise<InvalidationBus> {
  const { store, db, deadlines, logger } = deps;
  const replicaId = newId();
  const ackChannel = (replica: string): string => `cache-invalidated:${replica}`;
  const waiting = new Map<string, { missing: number; done(): void }>();

  const receive = async (text: string | null, via: 'store' | 'database'): Promise<void> => {
    if (text === null) return deps.onGap();
    const message = parseMessage(text);
    if (message === null || message.from === replicaId) return;
    await deps.onInvalidation(message, via);
    if (via === 'store') await store.publish(ackChannel(message.from), message.id);
  };
  const listener = (via: 'store' | 'database') => (text: string | null) => {
    receive(text, via).catch((error: unknown) => {
      if (!(error instanceof StoreAway)) logger.warn({ err: error, via }, 'an invalidation could not be acknowledged');
    });
  };
  const onAck = (id: string | null): void => {
    const wait = id === null ? undefined : waiting.get(id);
    if (wait === undefined) return;
    wait.missing -= 1;
    if (wait.missing <= 0) wait.done();
  };

  const stops = [
    await store.subscribe(channel, listener('store')),
    await store.subscribe(ackChannel(replicaId), onAck),
    await db.listen(databaseChannel, listener('database')),
  ];

  const acknowledged = (id: string, others: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearDeadline();
        waiting.delete(id);
        resolve();
      };
      const clearDeadline = deadlines.after(ackDeadlineMs, done);
      waiting.set(id, { missing: others, done });
    });

  return {
    async announce(invalidation) {
      const message: Message = { id: newId(), from: replicaId, ...invalidation };
      const text = JSON.stringify(message);
      const others = store.replicasSeen() - 1;
      try {
        const heard = others > 0 ? acknowledged(message.id, others) : null;
        await store.publish(channel, text);
        await heard;
      } catch (error) {
        if (!(error instanceof StoreAway)) throw error;
        await notify(db, databaseChannel, text);
      }
    },
    async close() {
      for (const stop of stops) await stop();
      for (const { done } of [...waiting.values()]) done();
    },
  };
}

function parseMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message>;
    const complete =
      typeof message.id === 'string' &&
      isUuid(message.id) &&
      typeof message.tenantId === 'string' &&
      typeof message.selector === 'object' &&
      message.selector !== null;
    return complete ? (message as Message) : null;
  } catch {
    return null;
  }
}
