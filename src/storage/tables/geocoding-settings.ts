/** SQL of `geocoding_settings`: what a tenant has set for its geocoding questions, one row each. */
import type { TenantId } from '../../ids.ts';
import type { Database, Queryable } from '../postgres/database.ts';

export interface GeocodingSettingsRow {
  readonly management_company_id: TenantId;
  readonly settings: unknown;
}

/** Beyond so many the rest is not held in memory, and has no settings. */
const maxRows = 100_000;

/** Of these tenants, null of every one: they are held in memory, so that a question asks no database. */
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

/** Returns the row before, or null. */
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
