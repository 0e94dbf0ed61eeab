/**
 * Stores the tokens that an OAuth2 server issued to a service, sealed in PostgreSQL: shared by all replicas, and kept
 * across restarts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import type { KeptGrant } from '../providers/provider.ts';
import type { Keyring, SealBinding } from '../secrets/keyring.ts';
import type { Database } from '../storage/postgres/database.ts';
import { claimGrant, type GrantOwner, readGrant, releaseGrant, saveGrant } from '../storage/tables/service-grants.ts';

/** Longer than a renewal takes, so that no second one starts meanwhile. */
const claimMs = 40_000;
/** A new token that is not stored is lost, and the old one no longer works: so saving is retried. */
const savePausesMs = [100, 500, 2_000, 5_000];

export interface KeptGrantDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly keyring: Pick<Keyring, 'open' | 'seal'>;
  readonly logger: Logger;
}

export function keptGrantOf({ db, keyring, logger }: KeptGrantDeps, owner: GrantOwner): KeptGrant {
  const { serviceId, tenantId } = owner;
  const queryable = { query: db.querySystem.bind(db) };
  const binding: SealBinding = { table: 'service_grants', rowId: serviceId, tenantId, column: 'sealed' };
  const opened = (sealed: string | null): string | null => (sealed === null ? null : keyring.open(sealed, binding));

  return {
    read: async () => opened(await readGrant(queryable, serviceId)),
    async claim() {
      const claimedBy = randomUUID();
      const sealed = await claimGrant(queryable, owner, claimedBy, claimMs);
      if (sealed === undefined) return null;
      return {
        kept: opened(sealed),
        async save(text) {
          const next = keyring.seal(text, binding);
          const saveOnce = async (): Promise<void> => {
            const isKept = await saveGrant(queryable, serviceId, claimedBy, next);
            if (!isKept) logger.error({ service: serviceId }, 'could not store a renewed token: its claim has expired');
          };
          for (const pauseMs of savePausesMs) {
            try {
              return await saveOnce();
            } catch (error) {
              logger.warn({ err: error, service: serviceId }, 'could not store a renewed token: retrying');
              await pause(pauseMs);
            }
          }
          await saveOnce();
        },
        release: () => releaseGrant(queryable, serviceId, claimedBy),
      };
    },
  };
}
