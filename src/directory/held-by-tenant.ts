/**
 * Something small of every tenant, held in memory so that a call asks no database. A notification reads that of its
 * tenant again at once; a gap in the notifications, and a timer every ten minutes, that of all. While the database is
 * away the last known holds.
 */
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';

export interface HeldByTenant<Held> {
  of(tenantId: TenantId): Held | undefined;
  /** What this process has just written: it holds from now on. */
  put(tenantId: TenantId, held: Held): void;
  /** What was committed of the tenant's before is known when it resolves, unless the database is away. Never throws. */
  refresh(tenantId: TenantId): Promise<void>;
  close(): Promise<void>;
}

export interface HeldByTenantDeps<Held> {
  readonly db: Pick<Database, 'listen'>;
  readonly channel: string;
  /** Whose a notification is of; null: of any, undefined: of something else. */
  tenantOf(payload: string): TenantId | null | undefined;
  /** Of these tenants; null: of all. Those that have none are left out. */
  read(tenants: readonly TenantId[] | null): Promise<ReadonlyMap<TenantId, Held>>;
  onFailure(error: unknown): void;
}

const wholeEveryMs = 600_000;
/** After a read that failed. */
const retryEveryMs = 30_000;
/** More than these are read as all. */
const maxOutdated = 1_000;

/** Throws where it cannot be read at the start. */
export async function openHeldByTenant<Held>(deps: HeldByTenantDeps<Held>): Promise<HeldByTenant<Held>> {
  let held = new Map<TenantId, Held>();
  /** Whose is to be read again; null: all. */
  let outdated: Set<TenantId> | null = null;
  let loading: Promise<void> | null = null;
  let wholeAtMs = 0;
  let isOpen = false;

  const load = async (): Promise<void> => {
    // A change that came while reading may not be in what was read.
    while (outdated === null || outdated.size > 0) {
      const tenants: ReadonlySet<TenantId> | null = outdated;
      outdated = new Set();
      try {
        if (tenants === null) await loadAll();
        else await loadThese([...tenants]);
      } catch (error) {
        outdated = null;
        throw error;
      }
    }
  };
  const loadAll = async (): Promise<void> => {
    held = new Map(await deps.read(null));
    wholeAtMs = performance.now();
  };
  const loadThese = async (tenants: readonly TenantId[]): Promise<void> => {
    const read = await deps.read(tenants);
    for (const tenant of tenants) {
      const own = read.get(tenant);
      if (own === undefined) held.delete(tenant);
      else held.set(tenant, own);
    }
  };

  const loadSoon = (): void => {
    loading ??= load()
      .catch(deps.onFailure)
      .finally(() => {
        loading = null;
      });
  };
  /** null: of all. */
  const reload = (tenantId: TenantId | null): void => {
    if (tenantId === null || outdated === null || outdated.size >= maxOutdated) outdated = null;
    else outdated.add(tenantId);
    if (isOpen) loadSoon();
  };

  const stopListening = await deps.db.listen(deps.channel, (payload) => {
    const tenantId = payload === null ? null : deps.tenantOf(payload);
    if (tenantId !== undefined) reload(tenantId);
  });
  await load();
  isOpen = true;
  const timer = setInterval(() => {
    if (performance.now() - wholeAtMs >= wholeEveryMs) reload(null);
    else loadSoon();
  }, retryEveryMs).unref();

  return {
    of: (tenantId) => held.get(tenantId),
    put: (tenantId, own) => void held.set(tenantId, own),
    async refresh(tenantId) {
      reload(tenantId);
      await loading;
    },
    async close() {
      clearInterval(timer);
      await stopListening();
      await loading;
    },
  };
}
