/** A tenant's geocoding settings: defaults for omitted options, and renamed streets. */
import type { Clock } from '../clock.ts';
import { openHeldByTenant } from '../directory/held-by-tenant.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { StreetAlias } from '../providers/geocoding.ts';
import type { Shown } from '../schema-parts.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type ChangeContext, insertConfigurationChange } from '../storage/tables/audit/configuration-audit.ts';
import { listGeocodingSettingsAcrossTenants, upsertGeocodingSettings } from '../storage/tables/geocoding-settings.ts';
import type { settingsSchema } from './request-schemas.ts';

/** As the API shows them; an omitted setting has its usual default. */
export type GeocodingSettings = Omit<Shown<typeof settingsSchema>, 'street_aliases'> & {
  readonly street_aliases: readonly StreetAlias[];
};

export const noSettings: GeocodingSettings = { street_aliases: [] };

export interface GeocodingSettingsDirectory {
  /** Reads from memory: a question never waits for the database. */
  of(tenantId: TenantId): GeocodingSettings;
  put(tenantId: TenantId, settings: GeocodingSettings, context: ChangeContext): Promise<GeocodingSettings>;
  close(): Promise<void>;
}

export interface GeocodingSettingsDeps {
  readonly db: Pick<Database, 'querySystem' | 'forTenant' | 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const channel = 'geocoding_settings_changed';

/** While the database is away, the last known settings apply. */
export async function openGeocodingSettings({
  db,
  clock,
  logger,
}: GeocodingSettingsDeps): Promise<GeocodingSettingsDirectory> {
  const held = await openHeldByTenant<GeocodingSettings>({
    db,
    channel,
    tenantOf: (payload) => payload as TenantId,
    async read(tenants) {
      const rows = await listGeocodingSettingsAcrossTenants(db, tenants);
      return new Map(rows.map((row) => [row.management_company_id, row.settings as GeocodingSettings]));
    },
    onFailure: (error) =>
      logger.warn({ err: error }, 'could not read the geocoding settings: using the last known ones'),
  });

  return {
    of: (tenantId) => held.of(tenantId) ?? noSettings,
    async put(tenantId, settings, context) {
      await db.forTenant(tenantId, async (tx) => {
        const before = await upsertGeocodingSettings(tx, tenantId, settings);
        await insertConfigurationChange(tx, tenantId, {
          entity: 'geocoding_settings',
          entityId: tenantId,
          ...context,
          before,
          after: settings,
          changedAtMs: clock.now(),
        });
      });
      // Later calls on this replica use the new settings at once.
      held.put(tenantId, settings);
      return settings;
    },
    close: held.close,
  };
}
