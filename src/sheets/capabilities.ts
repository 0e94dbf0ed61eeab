/**
 * Constants of the sheets operations, and the limits of an account: Google counts reads and writes separately, by user
 * and by project, per minute (Sheets API, "Usage limits"). A service account is one user.
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
  /** Reads of the spreadsheet before and after a change. */
  readonly inspect: Capability<'sheets_look'>;
  /** The same, for requests that Google counts as writes. */
  readonly probe: Capability<'sheets_look'>;
  readonly change: Capability<'sheets_change'>;
  /** Sharing with the same person twice has no further effect, so it may be repeated. */
  readonly share: Capability<'sheets_change'>;
  limitsOf(kind: QuotaKind, service: ExternalService): readonly LimitSubject[];
}

export interface CapabilitiesDeps {
  readonly directory: Pick<ServiceDirectory, 'accountOf'>;
  /** How long a read stays fresh (`CACHE_SHEETS_TTL_SECONDS`). */
  readonly ttlSeconds: number;
}

/** Maximum age of a stale read that is served while Google cannot be reached. */
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
    inspect: { operation: 'sheets_look', safeToRepeat: true, ...asReads, cache: null },
    probe: { operation: 'sheets_look', safeToRepeat: true, ...asWrites },
    change: { operation: 'sheets_change', safeToRepeat: false, ...asWrites },
    share: { operation: 'sheets_change', safeToRepeat: true, ...asWrites },
    append: { operation: 'sheets_append', safeToRepeat: false, ...asWrites },
  };
}

/** If Google has raised a project's quota, the service's configuration says so. */
export function perMinuteOf(kind: QuotaKind, { config }: Pick<ExternalService, 'config'>): number {
  const given = config[`${kind}_requests_per_minute`];
  return typeof given === 'number' && Number.isInteger(given) && given > 0 ? given : perUser;
}

/** Accounts of one project share its quota. Invalid credentials fail later, with their own message. */
function projectOf(directory: CapabilitiesDeps['directory'], service: ExternalService): string {
  try {
    return readServiceAccountKey(directory.accountOf(service))?.projectId ?? service.id;
  } catch {
    return service.id;
  }
}
