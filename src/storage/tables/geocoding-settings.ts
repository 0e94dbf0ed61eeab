/** SQL of `geocoding_settings`: each tenant's settings for geocoding, one row per tenant. */
import type { TenantId } from '../../ids.ts';
import type { Database, Queryable } from '../postgres/database.ts';

export interface GeocodingSettingsRow {
  readonly management_company_id: TenantId;
  readonly settings: unknown;
}

/** Rows beyond this number are not held in memory: their tenants have no settings. */
const maxRows = 100_000;

/** Settings of these tenants, or of every tenant if null. They are held in memory, so that a call needs no database. */
export async function listGeocodingSettingsAcrossTenants(
  db: Pick<Database, 'querySystem'>,
  tenants: readonly TenantId[] | null,
): Promise<GeocodingSettingsRow[]> {
  const selected = 'select management_company_id, settings from geocoding_settings';
  const { rows } = await db.querySystem<GeocodingSettingsRow>(
    tenants === null
      ? { name: 'geocoding_settings_list_all', text: `${selected} order by 1 limit ${maxRows}` }
      : {
          name: 'geocoding_settings_list_of_tenants',
          text: `${selected} where management_company_id = any($1::text[])`,
          values: [tenants],
        },
  );
  return rows;
}

/** Returns the previous settings, or null. */
export async function upsertGeocodingSettings(tx: Queryable, tenantId: TenantId, settings: object): Promise<unknown> {
  const { rows } = await tx.query<{ settings: unknown }>({
    name: 'geocoding_settings_lock',
    text: 'select settings from geocoding_settings where management_company_id = $1 for update',
    values: [tenantId],
  });
  await tx.query({
    name: 'geocoding_settings_upsert',
    text: `
      insert into geocoding_settings (management_company_id, settings)
      values ($1, $2)
      on conflict (management_company_id) do update set settings = excluded.settings, updated_at = now()`,
    values: [tenantId, JSON.stringify(settings)],
  });
  return rows[0]?.settings ?? null;
}
