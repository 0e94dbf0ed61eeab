import { hashToken } from '../../secrets/token-hash.ts';
import type { Database } from '../../storage/postgres/database.ts';
import { hasWebhookTokenAcrossTenants } from '../../storage/tables/webhooks/webhook-configs-across-tenants.ts';

/** More than any legitimate address contains. */
const mostTokens = 10;

/**
 * Whether an address contains the token of a webhook of this service, under any host name or port: events sent there
 * would come back in.
 */
export async function isOwnHook(db: Pick<Database, 'querySystem'>, url: string): Promise<boolean> {
  let plain = url;
  for (let layer = 0; layer < 3; layer += 1) {
    plain = plain.replaceAll(/%[2-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  }
  const tokens = plain.match(/whk_[A-Za-z0-9_-]{43}/g) ?? [];
  if (tokens.length === 0) return false;
  return hasWebhookTokenAcrossTenants({ query: db.querySystem }, tokens.slice(0, mostTokens).map(hashToken));
}
