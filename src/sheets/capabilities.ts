/**
 * The constants of the sheets operations, and what an account is limited by: Google counts reads and writes apart, by
 * user and by project (Sheets API, "Usage limits"). A service account is one user. All per minute.
 */
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import type { Capability } from '../gateway/call.ts';
import { accountLimits } from '../limits/limit-subjects.ts';
import type { LimitSubject } from '../limits/limits.ts';
import { readServiceAccountKey } from '../providers/google_sheets/service-account.ts';

export type QuotaKind = 'read' | 'write';

const perUser = 60;
const perProject = 300;

export interface SheetsCapabilities {
  readonly read: Capability<'sheets_read'>;
  readonly write: Capability<'sheets_write'>;
  readonly append: Capability<'sheets_append'>;
  readonly clear: Capability<'sheets_clear'>;
  readonly metadata: Capability<'sheets_metadata'>;
  /** What is looked up around a change. */
  readonly look: Capability<'sheets_look'>;
  /** The same, where Google counts it as a write. */
  readonly probe: Capability<'sheets_look'>;
  readonly change: Capability<'sheets_change'>;
  /** Sharing twice is as sharing once. */
  readonly share: Capability<'sheets_change'>;
  limitsOf(kind: QuotaKind, service: ExternalService): readonly LimitSubject[];
}

export interface CapabilitiesDeps {
  readonly directory: Pick<ServiceDirectory, 'accountOf'>;
  /** How long a read is kept (`CACHE_SHEETS_TTL_SECONDS`). */
  readonly ttlSeconds: number;
}

/** How old a read may be that is served while Google cannot be asked. */
const staleSeconds = 86_400;

export function createCapabilities(deps: CapabilitiesDeps): SheetsCapabilities {
  const limitsOf: SheetsCapabilities['limitsOf'] = (kind, service) => [
    {
      key: `service:${service.id}:${kind}`,
      serviceId: service.id,
      name: service.serviceName,
      windows: [{ windowType: 'minute', maxRequests: perMinuteOf(kind, service) }],
    },
    {
      key: `project:${projectOf(deps.directory, service)}:${kind}`,
      serviceId: service.id,
      name: service.serviceName,
      windows: [{ windowType: 'minute', maxRequests: Math.max(perProject, perMinuteOf(kind, service)) }],
    },
    ...accountLimits(service),
  ];
  const family = {
    family: 'sheets',
    serviceType: 'sheets',
    partOf: (input: object) => ('spreadsheetId' in input ? String(input.spreadsheetId) : 'a new one'),
  } as const;
  const asReads = { ...family, limitsOf: (service: ExternalService) => limitsOf('read', service) };
  const asWrites = { ...family, limitsOf: (service: ExternalService) => limitsOf('write', service), cache: null };
  const cache = { ttlSeconds: deps.ttlSeconds, negativeTtlSeconds: 0, staleSeconds };
  return {
    limitsOf,
    read: { operation: 'sheets_read', safeToRepeat: true, cache, ...asReads },
    metadata: { operation: 'sheets_metadata', safeToRepeat: true, cache, ...asReads },
    write: { operation: 'sheets_write', safeToRepeat: true, ...asWrites },
    clear: { operation: 'sheets_clear', safeToRepeat: true, ...asWrites },
    look: { operation: 'sheets_look', safeToRepeat: true, ...asReads, cache: null },
    probe: { operation: 'sheets_look', safeToRepeat: true, ...asWrites },
    change: { operation: 'sheets_change', safeToRepeat: false, ...asWrites },
    share: { operation: 'sheets_change', safeToRepeat: true, ...asWrites },
    append: { operation: 'sheets_append', safeToRepeat: false, ...asWrites },
  };
}

/** A project whose quota Google has raised says so in the service's configuration. */
export function perMinuteOf(kind: QuotaKind, { config }: Pick<ExternalService, 'config'>): number {
  const given = config[`${kind}_requests_per_minute`];
  return typeof given === 'number' && Number.isInteger(given) && given > 0 ? given : perUser;
}

/** Accounts of one project share its quota. An account that cannot be opened fails later, with its own message. */
function projectOf(directory: CapabilitiesDeps['directory'], service: ExternalService): string {
  try {
    return readServiceAccountKey(directory.accountOf(service))?.projectId ?? service.id;
  } catch {
    return service.id;
  }
}
