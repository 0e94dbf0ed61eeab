/**
 * Checks the tenants' services (known adapters, secrets that open), and what the running service reports about itself
 * and them.
 */
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/config.ts';
import { openAccount } from '../../directory/service-row.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import { listServicesOfAllTenants } from '../../storage/tables/external-services.ts';
import { signAdminToken } from '../token-create.ts';
import { type Finding, failed, ok, reasonOf, warning } from './finding.ts';

const replyDeadlineMs = 5_000;
const tokenLifetimeMs = 60_000;
const maxNamed = 10;
/** As the alert IntegrationOutboxGrowing. */
const oldEventSeconds = 60;

export async function checkAccounts(db: Database, keyring: Keyring): Promise<Finding> {
  const rows = await db.acrossTenants('doctor: do the secrets open', (tx) => listServicesOfAllTenants(tx));
  const active = rows.filter(({ is_active }) => is_active);
  const broken: string[] = [];
  for (const row of active) {
    try {
      openAccount(keyring, row);
    } catch {
      broken.push(`${row.management_company_id}/${row.service_name}`);
    }
  }
  if (broken.length > 0) {
    const detail = `the secrets of ${nameSome(broken)} do not open`;
    return failed('providers', detail, 'bring the key back into ENCRYPTION_KEYS, or set these secrets anew');
  }
  if (active.length === 0) {
    return warning(
      'providers',
      'no active service is registered',
      'start the service with a provider’s key, or POST /api/v1/services',
    );
  }
  return ok('providers', `${active.length} active services, and their secrets open`);
}

interface DetailedHealth {
  status?: string;
  outbox?: { backlog: number; oldest_age_seconds: number };
  providers?: { management_company_id: string; service_name: string; status: string; last_error: string | null }[];
}

/** Over HTTP at `url`: only the running service knows which providers answer it. */
export async function checkRunningService(config: Config, url: string): Promise<readonly Finding[]> {
  let health: DetailedHealth;
  try {
    const signal = AbortSignal.timeout(replyDeadlineMs);
    const reachable = await fetch(`${url}/health`, { signal });
    if (!reachable.ok)
      return [failed('service', `${url}/health answers ${reachable.status}`, 'look at the service’s log')];
    const { kind } = config.jwt.verification;
    if (kind === 'public-key' || kind === 'jwks') return [ok('service', `healthy at ${url}`)];
    const expiresAt = new Date(systemClock.now() + tokenLifetimeMs);
    const token = await signAdminToken(config, { name: 'doctor', tenants: ['*'], expiresAt });
    const reply = await fetch(`${url}/health/detailed`, { headers: { authorization: `Bearer ${token}` }, signal });
    if (!reply.ok) {
      return [
        warning(
          'service',
          `${url} refuses an admin token of this environment`,
          'run doctor with the service’s own environment',
        ),
      ];
    }
    health = (await reply.json()) as DetailedHealth;
  } catch (error) {
    return [
      warning('service', `nothing usable answers at ${url} (${reasonOf(error)})`, 'start it, or name it with --url'),
    ];
  }
  const service =
    health.status === 'healthy'
      ? ok('service', `healthy at ${url}`)
      : failed('service', `${health.status} at ${url}`, 'GET /health/detailed names the part');
  const down = (health.providers ?? []).filter(({ status }) => status === 'down' || status === 'degraded');
  const names = down.map(
    ({ management_company_id, service_name, status }) => `${management_company_id}/${service_name} ${status}`,
  );
  const providers =
    down.length === 0
      ? ok('provider health', 'none is degraded or down')
      : failed('provider health', nameSome(names), 'see the dashboard, or "logs tail --status error"');
  return [service, providers, ...(health.outbox === undefined ? [] : [judgeOutbox(health.outbox)])];
}

/** A connected RabbitMQ may still refuse events, and only the service's log knows why. */
export function judgeOutbox({
  backlog,
  oldest_age_seconds: ageSeconds,
}: NonNullable<DetailedHealth['outbox']>): Finding {
  if (ageSeconds <= oldEventSeconds) return ok('events', 'none waits for long to be published');
  return failed(
    'events',
    `${backlog} wait to be published, the oldest for ${Math.round(ageSeconds)} s`,
    'see rabbitmq above, and the service’s log for "the broker did not confirm an event"; a full queue with x-overflow: reject-publish refuses events for every consumer',
  );
}

function nameSome(names: readonly string[]): string {
  const more = names.length - maxNamed;
  return names.slice(0, maxNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
