/**
 * Invalidates answers. An invalidation is complete when no layer of any replica serves the matching answers: memories
 * drop them and acknowledge, the shared store numbers the invalidation (`shared-layer.ts`), the database deletes them,
 * and fetches in progress serve only earlier callers and are not stored.
 */
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { type AskedQuestion, fieldsOf } from './cached-answer.ts';
import type { DatabaseLayer } from './database-layer.ts';
import { type InvalidationBusDeps, openInvalidationBus } from './invalidation-bus.ts';
import type { MemoryLayer } from './memory-layer.ts';
import type { PendingNumbers } from './pending-numbers.ts';
import type { CacheSelector, createMatcher } from './selector.ts';
import type { SharedLayer } from './shared-layer.ts';
import type { SingleFlight } from './single-flight.ts';

export interface InvalidationDeps extends Omit<InvalidationBusDeps, 'onInvalidation' | 'onGap'> {
  readonly memory: MemoryLayer;
  readonly shared: SharedLayer;
  readonly database: DatabaseLayer;
  readonly flights: Pick<SingleFlight<AskedQuestion, unknown>, 'outdate'>;
  readonly pendingNumbers: PendingNumbers;
  readonly matcherOf: ReturnType<typeof createMatcher>;
  readonly logger: Logger;
  /**
   * Called when another replica drops a tenant's answers without naming a scope: the service behind them may have
   * changed. Later calls must know that, or they would fetch the old answer again and store it for all.
   */
  readonly onOtherInvalidates?: (tenantId: TenantId) => void;
}

export interface Invalidation {
  /** Returns the number of removed answers, once none of them is served any more. */
  invalidate(tenantId: TenantId, selector: CacheSelector): Promise<{ readonly invalidatedCount: number }>;
  close(): Promise<void>;
}

export async function openInvalidation(deps: InvalidationDeps): Promise<Invalidation> {
  const { memory, shared, database, flights, pendingNumbers, matcherOf, logger } = deps;

  /** Drops everything in this process that an invalidation matches. */
  const letGo = async (tenantId: TenantId, selector: CacheSelector): Promise<string[]> => {
    const matches = matcherOf(selector);
    flights.outdate((asked) => asked.tenantId === tenantId && matches({ ...fieldsOf(asked), serviceName: null }));
    const keys = memory.remove(tenantId, selector.scope ?? null, matches);
    await database.dropQueued(tenantId, matches);
    return keys;
  };

  const bus = await openInvalidationBus({
    ...deps,
    async onInvalidation({ tenantId, selector, isNumbered }) {
      if (selector.scope === undefined) deps.onOtherInvalidates?.(tenantId);
      await letGo(tenantId, selector);
      if (!isNumbered) pendingNumbers.add(tenantId, selector);
    },
    onGap: () => {
      flights.outdate(() => true);
      memory.clear();
    },
  });

  /**
   * An answer with a scope is served only if its numbers match the shared store, so a failed deletion leaves it
   * unserved; without a scope, the failure is reported to the caller.
   */
  const removeFromDatabase = async (tenantId: TenantId, selector: CacheSelector) => {
    try {
      return { keys: await database.remove(tenantId, selector), error: null };
    } catch (error) {
      logger.warn({ err: error }, 'could not remove invalidated answers from the database');
      return { keys: [], error };
    }
  };

  return {
    async invalidate(tenantId, selector) {
      // From the bottom layer up, so that a reader of a cleaned layer brings nothing old to the layers above.
      const isNumbered = await shared.numberInvalidation(tenantId, selector);
      if (!isNumbered) pendingNumbers.add(tenantId, selector);
      const deletion = await removeFromDatabase(tenantId, selector);
      await bus.announce({ tenantId, selector, isNumbered }).catch((error: unknown) => {
        logger.warn({ err: error }, 'could not announce a cache invalidation: other replicas keep their answers');
      });
      const removed = new Set([...(await letGo(tenantId, selector)), ...deletion.keys]);
      if (deletion.error !== null && selector.scope === undefined) throw deletion.error;
      return { invalidatedCount: removed.size };
    },
    close: () => bus.close(),
  };
}
