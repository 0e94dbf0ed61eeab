/**
 * Checks that a tenant's audit log was not edited: the links of its chain are consistent and authentic, and the rows
 * are exactly the linked ones, unchanged. Both are read from oldest to newest without keeping them in memory.
 */
import { hash } from 'node:crypto';
import { type Keyring, SealBroken } from '../../secrets/keyring.ts';
import type { Queryable } from '../../storage/postgres/database.ts';
import { type LinkRow, listRowsWithoutBodies, pageBodies } from '../../storage/tables/audit/audit-chain.ts';
import { entriesOf, entryBytes, erasuresOf, readParts } from './chain-entries.ts';
import { hashOfLink } from './link-batches.ts';
import { compareRows, type RowFault } from './match-rows.ts';

export type ChainFault =
  | RowFault
  | { readonly kind: 'body_changed'; readonly id: string; readonly day: string }
  | { readonly kind: 'body_missing'; readonly id: string }
  | { readonly kind: 'link_missing' | 'link_changed'; readonly sequence: number };

export interface ChainReport {
  readonly tenant: string;
  readonly rows: number;
  readonly links: number;
  /** Rows with a recorded erasure. */
  readonly erased: number;
  /** Rows of the last seconds, whose digests match but are not linked yet. */
  readonly unlinkedRows: number;
  /** Rows older than the chain, which are not covered. */
  readonly rowsBefore: number;
  /** Keys missing in ENCRYPTION_KEYS: links made with them were followed but not authenticated. */
  readonly missingKeys: readonly string[];
  /** The last link and its hash. Stored elsewhere, it later shows whether the end of the chain was removed. */
  readonly head: { readonly sequence: number; readonly hash: string } | null;
  readonly faults: readonly ChainFault[];
}

export interface VerifyOptions {
  readonly keyring: Keyring;
  readonly maxFaults: number;
  onProgress?(rows: number): void;
}

const bodiesPerPage = 500;

/** Checks the whole log. `tx` must be one snapshot (repeatable read), because rows are written meanwhile. */
export async function verifyChain(tx: Queryable, tenant: string, options: VerifyOptions): Promise<ChainReport> {
  const faults: ChainFault[] = [];
  const note = (fault: ChainFault): void => {
    if (faults.length < options.maxFaults) faults.push(fault);
  };
  const chain = await readChain(tx, tenant, options.keyring, note);
  const { rows, rowsBefore } = await compareRows(tx, tenant, chain, { note, ...options });
  await checkBodies(tx, tenant, options.maxFaults, note);
  return {
    tenant,
    rows,
    links: chain.links,
    erased: chain.erasedDigests.size,
    unlinkedRows: chain.unlinkedRows,
    rowsBefore,
    missingKeys: [...chain.missingKeys],
    head: chain.head,
    faults,
  };
}

interface ReadChain {
  /** By the row's id: its digest since an erasure. */
  readonly erasedDigests: ReadonlyMap<string, string>;
  readonly links: number;
  readonly unlinkedRows: number;
  readonly missingKeys: ReadonlySet<string>;
  readonly head: ChainReport['head'];
  /** Unix milliseconds; earlier rows are not covered. Infinity if there is no chain. */
  readonly beganAtMs: number;
}

/** Follows the links and keeps only their erasures. */
async function readChain(
  tx: Queryable,
  tenant: string,
  keyring: Keyring,
  note: (fault: ChainFault) => void,
): Promise<ReadChain> {
  const erasedDigests = new Map<string, string>();
  const missingKeys = new Set<string>();
  let beganAtMs = Number.POSITIVE_INFINITY;
  let last: LinkRow | null = null;
  let links = 0;
  let unlinkedRows = 0;
  for await (const part of readParts(tx, tenant)) {
    if (part.kind === 'erasure') for (const { id, digest } of erasuresOf(part.entries)) erasedDigests.set(id, digest);
    else for (const { atMs } of entriesOf(part.entries)) beganAtMs = Math.min(beganAtMs, atMs);
    if (part.link === null) {
      if (part.kind === 'rows') unlinkedRows += part.entries.length / entryBytes;
      continue;
    }
    const { link } = part;
    // Retention removes the oldest links with their rows, so the first remaining link begins the chain.
    if (last !== null && link.sequence !== last.sequence + 1)
      note({ kind: 'link_missing', sequence: last.sequence + 1 });
    if (!isAuthentic(keyring, link, last, missingKeys)) note({ kind: 'link_changed', sequence: link.sequence });
    last = { ...link, entries: Buffer.alloc(0) };
    links += 1;
  }
  const head = last === null ? null : { sequence: last.sequence, hash: last.hash.toString('hex') };
  return { erasedDigests, links, unlinkedRows, missingKeys, head, beganAtMs };
}

function isAuthentic(keyring: Keyring, link: LinkRow, previous: LinkRow | null, missingKeys: Set<string>): boolean {
  const follows =
    previous === null || link.sequence !== previous.sequence + 1 || link.previous_hash?.equals(previous.hash) === true;
  if (!follows || (link.sequence === 1 && link.previous_hash !== null)) return false;
  try {
    return hashOfLink(keyring, link).equals(link.hash);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    missingKeys.add(link.key_id);
    return true;
  }
}

async function checkBodies(
  tx: Queryable,
  tenant: string,
  maxFaults: number,
  note: (fault: ChainFault) => void,
): Promise<void> {
  let after: { day: string; hash: string } | null = null;
  for (;;) {
    const page: Awaited<ReturnType<typeof pageBodies>> = await pageBodies(tx, tenant, after, bodiesPerPage);
    for (const { day, body_hash: bodyHash, body } of page) {
      const actual = hash('sha256', body, 'buffer').toString('base64url', 0, 24);
      if (actual !== bodyHash) note({ kind: 'body_changed', id: `sha256:${bodyHash}`, day });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < bodiesPerPage) break;
    after = { day: last.day, hash: last.body_hash };
  }
  for (const id of await listRowsWithoutBodies(tx, tenant, maxFaults)) note({ kind: 'body_missing', id });
}
