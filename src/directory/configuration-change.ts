/** Parses `configuration_changed` notifications: which row of which table was written. */

export const configurationChannel = 'configuration_changed';

/** null if it cannot be parsed: any row may have changed. */
export function parseChange(payload: string): { table: string; id: string; tenant: string | null } | null {
  try {
    const { table, id, tenant } = JSON.parse(payload) as { table?: unknown; id?: unknown; tenant?: unknown };
    if (typeof table !== 'string' || typeof id !== 'string') return null;
    return { table, id, tenant: typeof tenant === 'string' ? tenant : null };
  } catch {
    return null;
  }
}

/** The tenant whose services changed; null for all; undefined if the change is in another table. */
export function tenantOfServiceChange(payload: string): string | null | undefined {
  try {
    const change = JSON.parse(payload) as { table?: unknown; tenant?: unknown };
    if (change.table !== 'external_services') return undefined;
    return typeof change.tenant === 'string' ? change.tenant : null;
  } catch {
    return null;
  }
}
