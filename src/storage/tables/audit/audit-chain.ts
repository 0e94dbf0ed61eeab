/** SQL of the audit log's digests: `audit_batches` as the commits write them, `audit_chain` as they are linked. */
import type { Queryable, Rows } from '../../postgres/queryable.ts';
import { answerOf, columnOf, effectOf, rowsOf } from '../../postgres/statement.ts';

/** The kind of change that a batch or link covers. */
export type ChainKind = 'rows' | 'erasure';

/**
 * An eight-byte digest that shows whether any column of a row changed. Left out: `origin` and its number, which name
 * the publisher of the row's events and may change, and `trace`, which explains a call but proves nothing. Columns of
 * later versions (`principal`, `elements`) count only if set, so that older rows keep their digest.
 */
export const rowDigest = `substr(sha256(convert_to(to_json(array[
      id::text, management_company_id, service_id::text, service_name, service_type, operation, endpoint, http_method,
      request_headers::text, request_body::text, response_status_code::text, response_body::text,
      extract(epoch from started_at)::text, extract(epoch from completed_at)::text, duration_ms::text, status,
      error_message, error_code, retry_count::text, attempt::text, request_id, source_service, estimated_cost::text
    ] || case when principal is null then array[]::text[] else array[principal::text] end
      || case when elements is null then array[]::text[] else array['elements ' || elements] end)::text, 'UTF8')), 1, 8)`;

export interface BatchRow {
  readonly id: number;
  readonly management_company_id: string;
  readonly kind: ChainKind;
  readonly entries: Buffer;
}

export interface LinkRow {
  readonly management_company_id: string;
  readonly sequence: number;
  readonly kind: ChainKind;
  readonly entries: Buffer;
  /** Unix milliseconds. */
  readonly chained_at_ms: number;
  readonly previous_hash: Buffer | null;
  readonly hash: Buffer;
  readonly key_id: string;
}

export interface ChainHead {
  readonly sequence: number;
  readonly hash: Buffer;
}

/** Batches not yet linked, oldest first. One process at a time takes them; the others find none. */
export const takeBatches = rowsOf<BatchRow>(
  'audit_batches_take',
  `with held as (select pg_try_advisory_xact_lock(7246003) as is_held),
    taken as (
     delete from audit_batches
      where id in (select id from audit_batches where (select is_held from held) order by id limit $1)
     returning id, management_company_id, kind, entries)
   select id, management_company_id, kind, entries from taken order by id`,
).by((limit: number) => [limit]);

export const findChainHeads = answerOf(
  'audit_chain_heads',
  `select asked.tenant, head.sequence, head.hash
     from unnest($1::text[]) as asked (tenant)
     cross join lateral (
       select sequence, hash from audit_chain
        where management_company_id = asked.tenant order by sequence desc limit 1) head`,
  ({ rows }: Rows<ChainHead & { readonly tenant: string }>) =>
    new Map(rows.map(({ tenant, ...head }): [string, ChainHead] => [tenant, head])),
).by((tenants: readonly string[]) => [tenants]);

export const insertLinks = effectOf(
  'audit_chain_insert',
  `insert into audit_chain (management_company_id, sequence, kind, entries, chained_at, previous_hash, hash, key_id)
   select tenant, sequence, kind, entries, to_timestamp(chained_at_ms / 1000.0), previous_hash, hash, key_id
     from unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[], $5::float8[], $6::bytea[], $7::bytea[], $8::text[])
       as given (tenant, sequence, kind, entries, chained_at_ms, previous_hash, hash, key_id)`,
).by((links: readonly LinkRow[]) => [
  links.map((link) => link.management_company_id),
  links.map((link) => link.sequence),
  links.map((link) => link.kind),
  links.map((link) => link.entries),
  links.map((link) => link.chained_at_ms),
  links.map((link) => link.previous_hash),
  links.map((link) => link.hash),
  links.map((link) => link.key_id),
]);

/** A tenant's links in order, after `afterSequence`. */
export const pageLinks = rowsOf<LinkRow>(
  'audit_chain_page',
  `select management_company_id, sequence, kind, entries, round(extract(epoch from chained_at) * 1000)::float8 as chained_at_ms,
          previous_hash, hash, key_id
     from audit_chain
    where management_company_id = $1 and sequence > $2 order by sequence limit $3`,
).by((tenant: string, afterSequence: number, limit: number) => [tenant, afterSequence, limit]);

/** A tenant's digests that are not linked yet, in order, after `afterId`. */
export const pageUnlinked = rowsOf<Pick<BatchRow, 'id' | 'kind' | 'entries'>>(
  'audit_batches_of_tenant',
  `select id, kind, entries from audit_batches
    where management_company_id = $1 and id > $2 order by id limit $3`,
).by((tenant: string, afterId: number, limit: number) => [tenant, afterId, limit]);

/** All tenants that have audit rows, batches or links. */
export const listAuditedTenants = columnOf<string>(
  'audit_tenants',
  `select management_company_id as tenant from audit_chain
   union select management_company_id from audit_batches
   union select management_company_id from usage_daily
   union select distinct management_company_id from integration_logs
   order by tenant`,
).by(() => []);

export interface DigestedRow {
  /** 16 bytes. */
  readonly id: Buffer;
  readonly digest: Buffer;
  readonly started_at: string;
}

/**
 * A tenant's rows in order of time, page by page, through a cursor, so the server sorts them once. Only one cursor at a
 * time per transaction.
 */
export async function* readDigestedRows(
  tx: Queryable,
  tenant: string,
  pageSize: number,
): AsyncGenerator<DigestedRow[], void, undefined> {
  await tx.query({
    text: `
      declare audit_rows_digested no scroll cursor for
      select uuid_send(id) as id, ${rowDigest} as digest,
             to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at
        from integration_logs
       where management_company_id = $1
       order by started_at, id`,
    values: [tenant],
  });
  for (;;) {
    const { rows } = await tx.query<DigestedRow>({ text: `fetch ${pageSize} from audit_rows_digested` });
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) break;
  }
  await tx.query({ text: 'close audit_rows_digested' });
}

/** Returns the ids that exist. */
export const findRowIds = columnOf<string>(
  'audit_rows_found',
  'select id from integration_logs where management_company_id = $1 and id = any($2::uuid[])',
).by((tenant: string, ids: readonly string[]) => [tenant, ids]);

/** A tenant's stored bodies, for `verify`: whether each one matches its hash. */
export const pageBodies = rowsOf<{ day: string; body_hash: string; body: string }>(
  'audit_bodies_page',
  `select day::text as day, body_hash, body
     from log_bodies
    where management_company_id = $1 and (day, body_hash) > ($2::date, $3)
    order by day, body_hash limit $4`,
).by((tenant: string, after: { readonly day: string; readonly hash: string } | null, limit: number) => [
  tenant,
  after?.day ?? '-infinity',
  after?.hash ?? '',
  limit,
]);

/** Rows whose headers or bodies are no longer stored. At most `limit`. */
export const listRowsWithoutBodies = columnOf<string>(
  'audit_rows_without_bodies',
  `select l.id
     from integration_logs l
     cross join lateral (values (l.request_headers #>> '{}'), (l.request_body #>> '{}'), (l.response_body #>> '{}')) kept (reference)
    where l.management_company_id = $1 and kept.reference like 'sha256:%'
      and not exists (
        select from log_bodies b
         where b.management_company_id = l.management_company_id
           and b.day = (l.started_at at time zone 'UTC')::date and b.body_hash = substr(kept.reference, 8))
    limit $2`,
).by((tenant: string, limit: number) => [tenant, limit]);
