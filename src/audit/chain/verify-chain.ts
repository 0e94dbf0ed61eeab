/**
 * Proves that a tenant's audit log was not edited: the links of its chain hold together and are authentic, and the rows are
 * those that were linked, each unchanged. In memory are the digests alone, 24 bytes a row.
 */
import { hash } from 'node:crypto';
import { type Keyring, SealBroken } from '../../secrets/keyring.ts';
import type { Queryable } from '../../storage/postgres/database.ts';
import {
  type DigestedRow,
  type LinkRow,
  listRowsWithoutBodies,
  listUnlinked,
  pageBodies,
  pageDigestedRows,
  pageLinks,
} from '../../storage/tables/audit-chain.ts';
import { hashOfLink } from './link-batches.ts';

export type ChainFault =
  | { readonly kind: 'row_changed' | 'row_missing' | 'row_added'; readonly id: string; readonly startedAt: string }
  | { readonly kind: 'body_changed'; readonly id: string; readonly day: string }
  | { readonly kind: 'body_missing'; readonly id: string }
  | { readonly kind: 'link_missing' | 'link_changed'; readonly sequence: number };

export interface ChainReport {
  readonly tenant: string;
  readonly rows: number;
  readonly links: number;
  /** Rows whose erasure the chain tells of. */
  readonly erased: number;
  /** Of commits of the last seconds: their digests hold, and are not linked yet. */
  readonly unlinkedRows: number;
  /** Rows from before the chain began: nothing is known of them. */
  readonly rowsBefore: number;
  /** Keys that are not in ENCRYPTION_KEYS: their links were followed, and not authenticated. */
  readonly missingKeys: readonly string[];
  /** The hash of the last link. Kept elsewhere, it shows later whether the end was cut off. */
  readonly head: { readonly sequence: number; readonly hash: string } | null;
  readonly faults: readonly ChainFault[];
}

export interface VerifyOptions {
  readonly keyring: Keyring;
  readonly maxFaults: number;
  onProgress?(rows: number): void;
}

const idBytes = 16;
const digestBytes = 8;
const entryBytes = idBytes + digestBytes;
const erasureBytes = idBytes + 2 * digestBytes;
const linksPerPage = 200;
const rowsPerPage = 5_000;
const bodiesPerPage = 500;

/** `tx` must see one moment (repeatable read): rows are written meanwhile. */
export async function verifyChain(tx: Queryable, tenant: string, options: VerifyOptions): Promise<ChainReport> {
  const faults: ChainFault[] = [];
  const note = (fault: ChainFault): void => {
    if (faults.length < options.maxFaults) faults.push(fault);
  };
  const chain = await readChain(tx, tenant, options.keyring, note);
  const { rows, rowsBefore } = await compareRows(tx, tenant, chain, note, options.onProgress);
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
  readonly entries: EntryIndex;
  /** By the row's id (hex): the digest that it has since its erasure. */
  readonly erasedDigests: ReadonlyMap<string, Buffer>;
  readonly links: number;
  readonly unlinkedRows: number;
  readonly missingKeys: ReadonlySet<string>;
  readonly head: ChainReport['head'];
  /** Unix milliseconds; rows that began earlier are not covered. Infinity where there is no chain. */
  readonly beganAtMs: number;
}

async function readChain(
  tx: Queryable,
  tenant: string,
  keyring: Keyring,
  note: (fault: ChainFault) => void,
): Promise<ReadChain> {
  const parts: Buffer[] = [];
  const erasedDigests = new Map<string, Buffer>();
  const missingKeys = new Set<string>();
  let beganAtMs = Number.POSITIVE_INFINITY;
  let last: LinkRow | null = null;
  let links = 0;

  const take = (kind: string, entries: Buffer): number => {
    if (kind === 'erasure') {
      for (let at = 0; at + erasureBytes <= entries.length; at += erasureBytes) {
        const digest = entries.subarray(at + idBytes + digestBytes, at + erasureBytes);
        erasedDigests.set(entries.toString('hex', at, at + idBytes), digest);
      }
      return 0;
    }
    parts.push(entries);
    for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
      beganAtMs = Math.min(beganAtMs, timeOfId(entries.subarray(at)));
    }
    return entries.length / entryBytes;
  };

  for (;;) {
    const page: LinkRow[] = await pageLinks(tx, tenant, last?.sequence ?? 0, linksPerPage);
    for (const link of page) {
      // Retention removes the oldest links with their rows: the first one that is left begins the chain.
      if (last !== null && link.sequence !== last.sequence + 1)
        note({ kind: 'link_missing', sequence: last.sequence + 1 });
      if (!isAuthentic(keyring, link, last, missingKeys)) note({ kind: 'link_changed', sequence: link.sequence });
      take(link.kind, link.entries);
      last = link;
      links += 1;
    }
    if (page.length < linksPerPage) break;
  }
  let unlinkedRows = 0;
  for (const { kind, entries } of await listUnlinked(tx, tenant)) unlinkedRows += take(kind, entries);
  const head = last === null ? null : { sequence: last.sequence, hash: last.hash.toString('hex') };
  return { entries: indexEntries(parts), erasedDigests, links, unlinkedRows, missingKeys, head, beganAtMs };
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

/** Each row is looked for among the entries; what no row was found for is missing. */
async function compareRows(
  tx: Queryable,
  tenant: string,
  { entries, erasedDigests, beganAtMs }: ReadChain,
  note: (fault: ChainFault) => void,
  onProgress: VerifyOptions['onProgress'],
): Promise<{ rows: number; rowsBefore: number }> {
  let after: { startedAt: string; id: Buffer } | null = null;
  let rows = 0;
  let rowsBefore = 0;
  for (;;) {
    const page: DigestedRow[] = await pageDigestedRows(tx, tenant, after, rowsPerPage);
    for (const row of page) {
      const expected = entries.take(row.id);
      const isOlder = timeOfId(row.id) < beganAtMs && Date.parse(row.started_at) < beganAtMs;
      if (expected === null && isOlder) rowsBefore += 1;
      else if (expected === null) note({ kind: 'row_added', id: uuidOf(row.id), startedAt: row.started_at });
      else if (!(erasedDigests.get(row.id.toString('hex')) ?? expected).equals(row.digest)) {
        note({ kind: 'row_changed', id: uuidOf(row.id), startedAt: row.started_at });
      }
    }
    rows += page.length;
    onProgress?.(rows);
    const last = page.at(-1);
    if (last === undefined || page.length < rowsPerPage) break;
    after = { startedAt: last.started_at, id: last.id };
  }
  for (const id of entries.untaken()) {
    note({ kind: 'row_missing', id: uuidOf(id), startedAt: new Date(timeOfId(id)).toISOString() });
  }
  return { rows, rowsBefore };
}

interface EntryIndex {
  /** The digest of the row with this id; null where there is none. */
  take(id: Buffer): Buffer | null;
  untaken(): Iterable<Buffer>;
}

/** Entries sorted by id, without a JavaScript object for each. */
function indexEntries(parts: readonly Buffer[]): EntryIndex {
  const all = Buffer.concat(parts);
  const count = Math.floor(all.length / entryBytes);
  const order = Uint32Array.from({ length: count }, (_, index) => index * entryBytes);
  order.sort((a, b) => all.compare(all, b, b + idBytes, a, a + idBytes));
  const taken = new Uint8Array(count);
  const isAt = (place: number, id: Buffer): number => {
    const at = order[place] as number;
    return all.compare(id, 0, idBytes, at, at + idBytes);
  };
  return {
    take(id) {
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (isAt(middle, id) < 0) low = middle + 1;
        else high = middle;
      }
      // A row that two commits tried has two equal entries.
      let digest: Buffer | null = null;
      for (let place = low; place < count && isAt(place, id) === 0; place++) {
        const at = order[place] as number;
        digest = all.subarray(at + idBytes, at + entryBytes);
        taken[place] = 1;
      }
      return digest;
    },
    *untaken() {
      for (let place = 0; place < count; place++) {
        const at = order[place] as number;
        if (taken[place] === 0) yield all.subarray(at, at + idBytes);
      }
    },
  };
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

/** Unix milliseconds in the first 48 bits of a UUID version 7. */
function timeOfId(id: Buffer): number {
  return id.readUIntBE(0, 6);
}

function uuidOf(id: Buffer): string {
  const hex = id.toString('hex', 0, idBytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
