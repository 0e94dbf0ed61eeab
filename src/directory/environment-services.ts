/**
 * Registers the services of the environment: at each start the default tenant gets one for every provider that the
 * environment names or the process emulates.
 *
 * The environment owns only a service's credential, base URL and presence; from the first start on, an admin owns
 * limits, priority, fallback and names. A credential set by an admin is left alone: the mark in `config.environment`
 * identifies the credential that the environment wrote (by a short salted hash). An emulated service is marked
 * `config.emulated` and has no address: each process sends it to its own emulator.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Emulates } from '../config/emulation.ts';
import { newId, type ServiceId, type TenantId } from '../ids.ts';
import type { DurableEvent } from '../outbox/events.ts';
import type { ServiceType } from '../providers/provider.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import type { ChangeContext } from '../storage/tables/audit/configuration-audit.ts';
import {
  type ExternalServiceRow,
  insertService,
  lockServicesOfTenant,
  updateService,
} from '../storage/tables/external-services.ts';
import { answersMayDiffer } from './answer-source.ts';
import { recordServiceChange } from './audit-service.ts';
import { destinationsOf } from './destination.ts';
import { registeredEvent } from './manage-services.ts';
import { openToCompare, resealedFor, sealApiKey, sealCredentials } from './service-row.ts';

/** What the environment sets for one provider. */
export interface EnvironmentProvider {
  readonly serviceName: string;
  readonly serviceType: ServiceType;
  readonly displayName: string;
  readonly priority: number;
  /** A name; the service must be registered earlier in the list. */
  readonly fallbackServiceName: string | null;
  /**
   * null: the environment has none. `keyless`: none is needed. `address`: none is needed, but the service exists only
   * with a base URL and is never emulated.
   */
  readonly credential:
    | { readonly kind: 'api-key' | 'service-account'; readonly text: string }
    | 'keyless'
    | 'address'
    | null;
  readonly baseUrl: string | null;
}

export interface EnvironmentServicesDeps {
  db: Pick<Database, 'forTenant'>;
  keyring: Keyring;
  appendEvent(tx: Queryable, event: DurableEvent): Promise<unknown>;
  clock: Clock;
}

/** Stored in `config.environment`. */
interface EnvironmentMark {
  /** The credential that the environment wrote last. */
  readonly credential?: string;
  /** The base URL comes from the environment. */
  readonly base_url?: true;
  /** The environment has removed the service: it is inactive until the credential is back. */
  readonly absent?: true;
}

const context: ChangeContext = { changedBy: 'environment', requestId: null };

/**
 * Aligns the tenant's services with the environment, in one transaction. Writes only what differs. Returns the names of
 * services whose cached answers may be wrong now, such as those of an emulator.
 */
export async function registerEnvironmentServices(
  deps: EnvironmentServicesDeps,
  tenantId: TenantId,
  providers: readonly EnvironmentProvider[],
  emulates: Emulates,
): Promise<readonly string[]> {
  return deps.db.forTenant(tenantId, async (tx) => {
    const answeringAnew: string[] = [];
    // The lock serialises replicas that start together: the second finds nothing left to do.
    const rows = new Map((await lockServicesOfTenant(tx, tenantId)).map((row) => [row.service_name, row]));
    for (const provider of providers) {
      const row = rows.get(provider.serviceName);
      const next =
        row === undefined
          ? await addService(deps, tx, tenantId, provider, emulates, rows)
          : await alignService(deps, tx, tenantId, provider, emulates, row);
      if (next === null) continue;
      rows.set(next.service_name, next);
      await recordServiceChange(tx, row ?? null, next, context, deps.clock.now());
      await deps.appendEvent(tx, registeredEvent(next, context, deps.clock.now()));
      if (row !== undefined && answersMayDiffer(row, next)) answeringAnew.push(next.service_name);
    }
    return answeringAnew;
  });
}

async function addService(
  deps: EnvironmentServicesDeps,
  tx: Queryable,
  tenantId: TenantId,
  provider: EnvironmentProvider,
  emulates: Emulates,
  rows: ReadonlyMap<string, ExternalServiceRow>,
): Promise<ExternalServiceRow | null> {
  const presence = presenceOf(provider, emulates, false);
  if (presence === 'absent') return null;
  const id = newId(deps.clock.now()) as ServiceId;
  const blank = { id, management_company_id: tenantId, api_key: null, credentials: null, base_url: null, config: {} };
  const owned = ownedValues(deps.keyring, { ...blank, is_active: true }, provider, presence);
  return insertService(
    tx,
    tenantId,
    id,
    {
      ...owned,
      service_name: provider.serviceName,
      service_type: provider.serviceType,
      display_name: provider.displayName,
      rate_limit_per_minute: null,
      rate_limit_per_hour: null,
      rate_limit_per_day: null,
      rate_limit_per_month: null,
      priority: provider.priority,
      fallback_service_id: rows.get(provider.fallbackServiceName ?? '')?.id ?? null,
      description: null,
      tags: [],
    },
    context.changedBy,
  );
}

/** null if nothing had to change. */
async function alignService(
  deps: EnvironmentServicesDeps,
  tx: Queryable,
  tenantId: TenantId,
  provider: EnvironmentProvider,
  emulates: Emulates,
  row: ExternalServiceRow,
): Promise<ExternalServiceRow | null> {
  if (provider.credential === 'keyless') return null;
  // If an admin has set an address, calls go there, with or without a key.
  const isAdmins = hasOwnCredential(deps.keyring, row) || (row.base_url !== null && markOf(row).base_url !== true);
  const presence = presenceOf(provider, emulates, isAdmins);
  const owned = ownedValues(deps.keyring, row, provider, presence);
  const isRight = Object.entries(owned).every(([name, value]) =>
    isDeepStrictEqual(value, row[name as keyof ExternalServiceRow]),
  );
  return isRight ? null : updateService(tx, tenantId, row.id, { ...row, ...owned });
}

/**
 * `real`: with the environment's credential. `admin`: with the one stored by an admin. `emulated`, `absent`: without a
 * credential, depending on what this process emulates.
 */
type Presence = 'real' | 'admin' | 'emulated' | 'absent';

function presenceOf(provider: EnvironmentProvider, emulates: Emulates, isAdmins: boolean): Presence {
  if (provider.credential === 'keyless') return 'real';
  if (provider.credential === 'address') return provider.baseUrl !== null ? 'real' : isAdmins ? 'admin' : 'absent';
  if (emulates === 'all') return 'emulated';
  if (provider.credential !== null) return 'real';
  if (isAdmins) return 'admin';
  return emulates === 'keyless' ? 'emulated' : 'absent';
}

type Owned = Pick<ExternalServiceRow, 'api_key' | 'credentials' | 'base_url' | 'config' | 'is_active'>;
type Current = Owned & Pick<ExternalServiceRow, 'id' | 'management_company_id'>;

function ownedValues(keyring: Keyring, row: Current, provider: EnvironmentProvider, presence: Presence): Owned {
  const mark = markOf(row);
  const { emulated: _emulated, environment: _environment, ...ownConfig } = row.config as Record<string, unknown>;
  const baseUrl = provider.baseUrl ?? (mark.base_url === true ? null : row.base_url);
  const secrets = presence === 'admin' ? kept(row) : secretsOf(keyring, row, provider, presence);
  const nextMark: EnvironmentMark = {
    ...(secrets.mark === undefined ? {} : { credential: secrets.mark }),
    ...(provider.baseUrl === null ? {} : { base_url: true }),
    ...(presence === 'absent' ? { absent: true } : {}),
  };
  const config = {
    ...ownConfig,
    ...(presence === 'emulated' ? { emulated: true } : {}),
    ...(Object.keys(nextMark).length === 0 ? {} : { environment: nextMark }),
  };
  // The environment belongs to the operator, so its address takes the secrets with it.
  const { serviceName, serviceType } = provider;
  const destinations = destinationsOf({ serviceName, serviceType, baseUrl, config });
  const isMoved = provider.baseUrl !== null || mark.base_url === true || secrets.mark !== undefined;
  return {
    ...(isMoved
      ? resealedFor(keyring, row, secrets, destinations)
      : { api_key: secrets.api_key, credentials: secrets.credentials }),
    base_url: baseUrl,
    config,
    is_active: presence === 'absent' ? false : row.is_active || mark.absent === true,
  };
}

interface Secrets extends Pick<ExternalServiceRow, 'api_key' | 'credentials'> {
  readonly mark: string | undefined;
}

function kept(row: Current): Secrets {
  return { api_key: row.api_key, credentials: row.credentials, mark: undefined };
}

/** An emulated service keeps the secrets stored by an admin, for the time when it is no longer emulated. */
function secretsOf(keyring: Keyring, row: Current, provider: EnvironmentProvider, presence: Presence): Secrets {
  const { credential } = provider;
  if (credential === 'keyless' || credential === 'address') return kept(row);
  if (credential === null || presence !== 'real') {
    return hasOwnCredential(keyring, row) ? kept(row) : { api_key: null, credentials: null, mark: undefined };
  }
  const mark = fingerprint(row.id, credential.text);
  // Sealing uses a new IV each time, so an unchanged secret must not be sealed again.
  if (markOf(row).credential === mark && !hasOwnCredential(keyring, row)) return { ...kept(row), mark };
  return credential.kind === 'api-key'
    ? { api_key: sealApiKey(keyring, row, credential.text, []), credentials: row.credentials, mark }
    : { api_key: row.api_key, credentials: sealCredentials(keyring, row, JSON.parse(credential.text), []), mark };
}

/** True if the service holds another credential than the one that the environment wrote. */
function hasOwnCredential(keyring: Keyring, row: Current): boolean {
  if (row.api_key === null && row.credentials === null) return false;
  const { credential } = markOf(row);
  if (credential === undefined) return true;
  const texts = openToCompare(keyring, row, row);
  return !texts.some((text) => fingerprint(row.id, text) === credential);
}

/** Distinguishes two credentials without revealing either: 48 bits of a hash salted by the row. */
function fingerprint(rowId: string, text: string): string {
  return createHash('sha256')
    .update(`${rowId}\n${normalJson(text)}`)
    .digest('hex')
    .slice(0, 12);
}

/** A service account is compared as JSON, so whitespace in its file does not matter. */
function normalJson(text: string): string {
  return text.trimStart().startsWith('{') ? JSON.stringify(JSON.parse(text)) : text;
}

function markOf(row: Pick<ExternalServiceRow, 'config'>): EnvironmentMark {
  const mark = (row.config as Record<string, unknown>).environment;
  return typeof mark === 'object' && mark !== null ? (mark as EnvironmentMark) : {};
}

/** How emulated services are called: this process's own emulator. */
export interface EmulatorAccess {
  readonly url: string;
  /** A parsed service-account key that the emulator accepts. */
  readonly googleCredentials: unknown;
}
