/**
 * Keeps a small value per tenant in memory, so that a call queries no database. A notification reloads its tenant at
 * once; a gap in the notifications, and a timer every ten minutes, reload all. While the database is away, the last
 * known values apply.
 */
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';

export interface HeldByTenant<Held> {
  of(tenantId: TenantId): Held | undefined;
  /** Stores what this process has just written; it applies from now on. */
  put(tenantId: TenantId, held: Held): void;
  /**
   * Reloads the tenant; resolves when everything committed before is known, unless the database is away. Never throws.
   */
  refresh(tenantId: TenantId): Promise<void>;
  close(): Promise<void>;
}

export interface HeldByTenantDeps<Held> {
  readonly db: Pick<Database, 'listen'>;
  readonly channel: string;
  /** The tenant of a notification; null: any; undefined: it concerns something else. */
  tenantOf(payload: string): TenantId | null | undefined;
  /** Reads these tenants; null: all. Tenants without a value are left out. */
  read(tenants: readonly TenantId[] | null): Promise<ReadonlyMap<TenantId, Held>>;
  onFailure(error: unknown): void;
}

const wholeEveryMs = 600_000;
/** The pause after a failed read. */
const retryEveryMs = 30_000;
/** With more than this, all tenants are reloaded. */
const maxOutdated = 1_000;

/** Throws if the first read fails. */
export async function openHeldByTenant<Held>(deps: HeldByTenantDeps<Held>): Promise<HeldByTenant<Held>> {
  let held = new Map<TenantId, Held>();
  /** Tenants to reload; null: all. */
  let outdated: Set<TenantId> | null = null;
  let loading: Promise<void> | null = null;
  let wholeAtMs = 0;
  let isOpen = false;

  const load = async (): Promise<void> => {
    // A change during a read may be missing in its result, so the tenant is read again.
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
  /** null: all tenants. */
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
