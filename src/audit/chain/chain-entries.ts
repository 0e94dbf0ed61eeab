/** Decodes the entries of links and batches from their bytes. */
import type { Queryable } from '../../storage/postgres/database.ts';
import { type ChainKind, type LinkRow, pageLinks, pageUnlinked } from '../../storage/tables/audit/audit-chain.ts';

const idBytes = 16;
const digestBytes = 8;
export const entryBytes = idBytes + digestBytes;
const erasureBytes = idBytes + 2 * digestBytes;
/** A link holds up to 256 KiB. */
const partsPerPage = 10;

export interface ChainPart {
  readonly kind: ChainKind;
  readonly entries: Buffer;
  /** null: a batch that is not linked yet. */
  readonly link: LinkRow | null;
}

/** Reads a tenant's links in order, then the batches that are not linked yet. */
export async function* readParts(tx: Queryable, tenant: string): AsyncGenerator<ChainPart, void, undefined> {
  for (let after = 0; ; ) {
    const page = await pageLinks(tx, tenant, after, partsPerPage);
    for (const link of page) yield { kind: link.kind, entries: link.entries, link };
    const last = page.at(-1);
    if (last === undefined || page.length < partsPerPage) break;
    after = last.sequence;
  }
  for (let after = 0; ; ) {
    const page = await pageUnlinked(tx, tenant, after, partsPerPage);
    for (const { kind, entries } of page) yield { kind, entries, link: null };
    const last = page.at(-1);
    if (last === undefined || page.length < partsPerPage) break;
    after = last.id;
  }
}

/** An entry; id and digest are strings with one character per byte, as short map keys. */
export interface ChainEntry {
  readonly id: string;
  readonly digest: string;
  /** Unix milliseconds, from the id. */
  readonly atMs: number;
}

/** The entries of a part with rows. */
export function* entriesOf(entries: Buffer): Generator<ChainEntry, void, undefined> {
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
    yield {
      id: entries.toString('latin1', at, at + idBytes),
      digest: entries.toString('latin1', at + idBytes, at + entryBytes),
      atMs: entries.readUIntBE(at, 6),
    };
  }
}

/** The entries of a part with erasures: the rows' new digests. */
export function* erasuresOf(entries: Buffer): Generator<Omit<ChainEntry, 'atMs'>, void, undefined> {
  for (let at = 0; at + erasureBytes <= entries.length; at += erasureBytes) {
    yield {
      id: entries.toString('latin1', at, at + idBytes),
      digest: entries.toString('latin1', at + idBytes + digestBytes, at + erasureBytes),
    };
  }
}

/** Formats an entry's id as a UUID. */
export function uuidOf(id: string): string {
  const hex = Buffer.from(id, 'latin1').toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Unix milliseconds in the first 48 bits of a UUID version 7. */
export function timeOfId(id: string): number {
  return Buffer.from(id, 'latin1').readUIntBE(0, 6);
}
