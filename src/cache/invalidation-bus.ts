/**
 * Sends invalidations to all replicas.
 *
 * Normally through the shared store's pub/sub. Each replica acknowledges, so that the sender knows when all memories
 * have dropped the answers; it waits at most `ackDeadlineMs`, since a replica may have died within the last heartbeat.
 * While the store is away, PostgreSQL's NOTIFY carries invalidations without acknowledgement, and each replica numbers
 * the unnumbered ones when the store is back.
 *
 * A replica may have lost only the store, and then trusts its memory for answers without a scope: so invalidations of
 * those also go by NOTIFY. Invalidations of a scope, one per Sheets write, do not, since such a memory serves no answer
 * with a scope.
 *
 * If both are away, other replicas get nothing: their memories serve answers without a scope for at most the memory TTL
 * (`CACHE_L1_TTL_SECONDS`), and no answer with a scope.
 */
import { setBounded } from '../bounded-map.ts';
import { isUuid, newId, type TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Deadlines } from '../resilience/deadline.ts';
import type { Database } from '../storage/postgres/database.ts';
import { notify } from '../storage/postgres/notify.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import type { CacheSelector } from './selector.ts';

const channel = 'cache-invalidations';
const databaseChannel = 'cache_invalidations';
const ackDeadlineMs = 100;
/** Both ways deliver the same invalidation within moments; one forgotten in between drops its answers twice. */
const maxHeard = 1_000;

export interface Announced {
  readonly tenantId: TenantId;
  readonly selector: CacheSelector;
  /** Whether the shared store has numbered it already. */
  readonly isNumbered: boolean;
}

export interface InvalidationBus {
  /** Resolves when the other replicas have dropped the answers, or the deadline has passed. */
  announce(invalidation: Announced): Promise<void>;
  close(): Promise<void>;
}

export interface InvalidationBusDeps {
  readonly store: SharedStore;
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** Drops the invalidated answers before it resolves. */
  readonly onInvalidation: (invalidation: Announced) => Promise<void>;
  /** Notifications may be lost after a reconnect: drop everything. */
  readonly onGap: () => void;
}

interface Message extends Announced {
  readonly id: string;
  readonly from: string;
}

export async function openInvalidationBus(deps: InvalidationBusDeps): Promise<InvalidationBus> {
  const { store, db, deadlines, logger } = deps;
  const replicaId = newId();
  const ackChannel = (replica: string): string => `cache-invalidated:${replica}`;
  const waiting = new Map<string, { missing: number; done(): void }>();
  /** By id, oldest first, with a promise that resolves when the answers are dropped. */
  const heard = new Map<string, Promise<void>>();

  /** Once for both ways: a second time would drop answers fetched in between. */
  const obey = (message: Message): Promise<void> => {
    const known = heard.get(message.id);
    if (known !== undefined) return known;
    const obeyed = deps.onInvalidation(message);
    setBounded(heard, message.id, obeyed, maxHeard);
    return obeyed;
  };

  const receive = async (text: string | null, via: 'store' | 'database'): Promise<void> => {
    if (text === null) return deps.onGap();
    const message = parseMessage(text);
    if (message === null || message.from === replicaId) return;
    await obey(message);
    if (via === 'store') await store.publish(ackChannel(message.from), message.id);
  };
  const listener = (via: 'store' | 'database') => (text: string | null) => {
    receive(text, via).catch((error: unknown) => {
      if (!(error instanceof StoreAway)) logger.warn({ err: error, via }, 'could not acknowledge a cache invalidation');
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

  /** False if the store is away. */
  const tellThroughStore = async ({ id }: Message, text: string): Promise<boolean> => {
    const others = store.replicasSeen() - 1;
    try {
      const letGo = others > 0 ? acknowledged(id, others) : null;
      await store.publish(channel, text);
      await letGo;
      return true;
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      return false;
    }
  };

  return {
    async announce(invalidation) {
      const message: Message = { id: newId(), from: replicaId, ...invalidation };
      const text = JSON.stringify(message);
      const isTold = await tellThroughStore(message, text);
      const isOfScope = invalidation.selector.scope !== undefined;
      if (!isTold || !isOfScope) await notify(db, databaseChannel, text);
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
    return complete ? { ...(message as Message), isNumbered: message.isNumbered === true } : null;
  } catch {
    return null;
  }
}
