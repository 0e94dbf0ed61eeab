/**
 * Links the digests of committed batches into each tenant's chain, every two seconds, on one replica at a time. A batch
 * that is not linked yet detects only edits of its rows, not edits of the batch itself.
 */
import type { Logger } from '../../logger.ts';
import { type Rounds, startRounds } from '../../rounds.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import {
  type BatchRow,
  type ChainKind,
  findChainHeads,
  insertLinks,
  type LinkRow,
  takeBatches,
} from '../../storage/tables/audit/audit-chain.ts';

export interface LinkBatchesDeps {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly clock: { now(): number };
}

const everyMs = 2_000;
const macPurpose = 'audit chain';
const batchesAtOnce = 1_000;
/** The maximum size of a link, so that a page of links stays small. */
const maxLinkBytes = 256 * 1024;

/** Starts the rounds. */
export function startAuditChain(deps: LinkBatchesDeps & { readonly logger: Logger }): Rounds {
  return startRounds({
    everyMs,
    round: () => linkBatches(deps),
    onFailure: (error) => deps.logger.debug({ err: error }, 'could not link the audit digests; will retry'),
  });
}

/** Links all waiting batches. Throws the database's errors. */
export async function linkBatches({ db, keyring, clock }: LinkBatchesDeps): Promise<void> {
  const linkSome = (): Promise<number> =>
    db.acrossTenants('audit chain', async (tx) => {
      const batches = await takeBatches(tx, batchesAtOnce);
      if (batches.length === 0) return 0;
      const heads = await findChainHeads(tx, [...new Set(batches.map((batch) => batch.management_company_id))]);
      await insertLinks(tx, linksOf(keyring, batches, heads, clock.now()));
      return batches.length;
    });

  while ((await linkSome()) === batchesAtOnce);
}

function linksOf(
  keyring: Keyring,
  batches: readonly BatchRow[],
  heads: ReadonlyMap<string, { sequence: number; hash: Buffer }>,
  nowMs: number,
): LinkRow[] {
  const links: LinkRow[] = [];
  const last = new Map<string, { sequence: number; hash: Buffer }>(heads);
  for (const { tenant, kind, entries } of gather(batches)) {
    const head = last.get(tenant);
    const link = {
      management_company_id: tenant,
      sequence: (head?.sequence ?? 0) + 1,
      kind,
      entries,
      chained_at_ms: nowMs,
      previous_hash: head?.hash ?? null,
      key_id: keyring.currentKeyId,
    };
    const hash = hashOfLink(keyring, link);
    last.set(tenant, { sequence: link.sequence, hash });
    links.push({ ...link, hash });
  }
  return links;
}

interface Gathered {
  readonly tenant: string;
  readonly kind: ChainKind;
  readonly entries: Buffer;
}

/** Adjacent batches of one tenant and kind become one link. */
function gather(batches: readonly BatchRow[]): Gathered[] {
  const gathered: Gathered[] = [];
  const open = new Map<string, { kind: ChainKind; parts: Buffer[]; bytes: number }>();
  const flush = (tenant: string): void => {
    const run = open.get(tenant);
    if (run !== undefined) gathered.push({ tenant, kind: run.kind, entries: Buffer.concat(run.parts) });
    open.delete(tenant);
  };
  for (const { management_company_id: tenant, kind, entries } of batches) {
    const run = open.get(tenant);
    if (run !== undefined && (run.kind !== kind || run.bytes + entries.length > maxLinkBytes)) flush(tenant);
    const into = open.get(tenant) ?? { kind, parts: [], bytes: 0 };
    into.parts.push(entries);
    into.bytes += entries.length;
    open.set(tenant, into);
  }
  for (const tenant of open.keys()) flush(tenant);
  return gathered;
}

/** Throws `SealBroken` if the link's key is missing. */
/** Calculates the link's authentication code. */
export function hashOfLink(keyring: Keyring, link: Omit<LinkRow, 'hash'>): Buffer {
  const head = JSON.stringify([
    link.management_company_id,
    link.sequence,
    link.kind,
    link.chained_at_ms,
    link.previous_hash?.toString('hex') ?? null,
    link.entries.length,
  ]);
  return keyring.authenticate(Buffer.concat([Buffer.from(head, 'utf8'), link.entries]), macPurpose, link.key_id);
}
