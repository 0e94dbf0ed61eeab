/** Emulated Google and Yandex under the test's control: faults on demand, quotas, and request counts. */
import { type Emulator, startEmulator } from '../../emulator/start.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import type { TestService } from './service.ts';

export interface Vendors extends Pick<Emulator, 'url' | 'control'> {
  /** The service's variables that point to them. */
  readonly env: Readonly<Record<string, string>>;
  /** Geocoding and matrix requests that reached the vendor. */
  received(vendor: 'google_maps' | 'yandex_maps'): number;
}

/** Closed after `t`. Register it before the services that call it. */
export async function startVendors(t: Cleanup): Promise<Vendors> {
  closeInReverse(t);
  const emulator = await startEmulator({ port: 0 });
  t.after(() => emulator.close());
  const { control, url } = emulator;
  for (const vendor of ['google_maps', 'yandex_maps']) control.setQuota(vendor, null);
  return {
    url,
    control,
    env: {
      EMULATOR: 'off',
      GOOGLE_MAPS_API_KEY: 'google-test-key',
      YANDEX_MAPS_API_KEY: 'yandex-test-key',
      GOOGLE_MAPS_BASE_URL: url,
      YANDEX_MAPS_BASE_URL: url,
      OUTBOUND_ALLOWED_NETWORKS: new URL(url).host,
      RATE_LIMIT_GEOCODING_PER_MINUTE: '1000000',
      // Replicas must be able to open each other's secrets.
      ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 'integration').toString('base64')}`,
    },
    received: (vendor) => control.requests(vendor).received,
  };
}

export interface AuditRow {
  readonly service_name: string;
  readonly status: string;
  readonly error_code: string | null;
}

/** The audit rows of a call, in the order of its attempts. */
export async function auditOf({ database }: Pick<TestService, 'database'>, requestId: string): Promise<AuditRow[]> {
  const { rows } = await database.db.querySystem<AuditRow>({
    text: 'select service_name, status, error_code from integration_logs where request_id = $1 order by attempt',
    values: [requestId],
  });
  return rows;
}

/** Houses of one street: as many different questions as needed, each with a good answer from both vendors. */
export function homeAddress(number: number): string {
  return `Ташкент, улица Навои, ${1 + (number % 100)}/${1 + Math.floor(number / 100)}`;
}

/** Gives the tenant's Google account a limit, as an admin would. */
export async function limitGoogle({ database, tenant }: Pick<TestService, 'database' | 'tenant'>, perMinute: number) {
  await database.db.querySystem({
    text: `
      update external_services set rate_limit_per_minute = $2, updated_at = now()
       where management_company_id = $1 and service_name = 'google_maps'`,
    values: [tenant, perMinute],
  });
}
