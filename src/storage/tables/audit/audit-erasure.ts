/**
 * SQL for erasing texts from the audit log: finds the rows and stored bodies that contain them, and rewrites the rows.
 */
import type { Queryable } from '../../postgres/queryable.ts';
import { effectOf, rowsOf } from '../../postgres/statement.ts';
import { rowDigest } from './audit-chain.ts';
import type { StoredLog } from './integration-logs.ts';

export interface ErasableRow
  extends Pick<
    StoredLog,
    'id' | 'endpoint' | 'error_message' | 'principal' | 'request_headers' | 'request_body' | 'response_body'
  > {
  readonly started_at: string;
  readonly digest: Buffer;
}

const erasableColumns = `id, to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at, endpoint,
         error_message, principal, request_headers #>> '{}' as request_headers, request_body #>> '{}' as request_body,
         response_body #>> '{}' as response_body, ${rowDigest} as digest`;

/** Stored bodies that contain one of the texts. */
export const findBodiesWith = rowsOf<{ day: string; body_hash: string; body: string }>(
  'audit_bodies_with',
  `select day::text as day, body_hash, body from log_bodies
    where management_company_id = $1 and exists (select from unnest($2::text[]) t where position(t in body) > 0)
    limit $3`,
).by((tenant: string, texts: readonly string[], limit: number) => [tenant, texts, limit]);

/** Rows that contain one of the texts themselves. */
export const findRowsWith = rowsOf<ErasableRow>(
  'audit_rows_with',
  `select ${erasableColumns} from integration_logs
    where management_company_id = $1
      and exists (select from unnest($2::text[]) t
                   where position(t in concat_ws(chr(1), endpoint, error_message, principal)) > 0)
    limit $3`,
).by((tenant: string, texts: readonly string[], limit: number) => [tenant, texts, limit]);

/** Rows of a day that refer to a stored body. */
export const findRowsOfBody = rowsOf<ErasableRow>(
  'audit_rows_of_body',
  `select ${erasableColumns} from integration_logs
    where management_company_id = $1
      and started_at >= $2::date::timestamp at time zone 'UTC' and started_at < ($2::date + 1)::timestamp at time zone 'UTC'
      and $3 in (request_headers #>> '{}', request_body #>> '{}', response_body #>> '{}')`,
).by((tenant: string, day: string, bodyHash: string) => [tenant, day, `sha256:${bodyHash}`]);

/** Writes the row after the erasure; returns its new digest. */
export async function rewriteErasedRow(tx: Queryable, tenant: string, row: ErasableRow): Promise<Buffer> {
  const { rows } = await tx.query<{ digest: Buffer }>({
    name: 'audit_row_rewrite',
    text: `
      update integration_logs
         set endpoint = $4, error_message = $5, request_headers = to_json($6::text), request_body = to_json($7::text),
             response_body = to_json($8::text), principal = $9
       where management_company_id = $1 and started_at = $2 and id = $3
      returning ${rowDigest} as digest`,
    values: [
      tenant,
      row.started_at,
      row.id,
      row.endpoint,
      row.error_message,
      row.request_headers,
      row.request_body,
      row.response_body,
      row.principal,
    ],
  });
  return rows[0]?.digest ?? row.digest;
}

export const replaceBody = effectOf(
  'audit_body_replace',
  `with gone as (delete from log_bodies where management_company_id = $1 and day = $2 and body_hash = $3)
   insert into log_bodies (day, management_company_id, body_hash, body) values ($2, $1, $4, $5)
   on conflict do nothing`,
).by((tenant: string, day: string, before: string, after: { readonly hash: string; readonly text: string }) => [
  tenant,
  day,
  before,
  after.hash,
  after.text,
]);

export const appendErasure = effectOf(
  'audit_batches_append_erasure',
  `insert into audit_batches (management_company_id, kind, entries) values ($1, 'erasure', $2)`,
).by((tenant: string, entries: Buffer) => [tenant, entries]);
