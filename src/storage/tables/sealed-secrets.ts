/** Lists every column with sealed values, and the SQL that replaces them when keys are rotated. */
import type { TenantId } from '../../ids.ts';
import { findRows, type Queryable } from '../postgres/queryable.ts';

/** `text`: `v1:<key id>:…`. `json`: the same under the member `sealed`. `bytes`: `[1][key id length][key id]…`. */
export type SealedForm = 'text' | 'json' | 'bytes';

export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** The column that identifies the row within the tenant; it is the seal's `rowId`. */
  readonly rowIdColumn: string;
  readonly form: SealedForm;
}

const service = { table: 'external_services', rowIdColumn: 'id' } as const;
const webhook = { table: 'webhook_configs', rowIdColumn: 'id', form: 'text' } as const;

const target = { table: 'webhook_targets', rowIdColumn: 'id', form: 'text' } as const;

export const sealedColumns: readonly SealedColumn[] = [
  { ...service, column: 'api_key', form: 'text' },
  { ...service, column: 'credentials', form: 'json' },
  { table: 'service_grants', rowIdColumn: 'service_id', column: 'sealed', form: 'text' },
  { ...webhook, column: 'webhook_token' },
  { ...webhook, column: 'secret_key' },
  { ...webhook, column: 'previous_secret_key' },
  { ...webhook, column: 'target_secret' },
  { ...webhook, column: 'previous_target_secret' },
  { ...webhook, column: 'target_headers' },
  { ...webhook, column: 'collector_token' },
  { ...webhook, column: 'verify_token' },
  { ...target, column: 'secret' },
  { ...target, column: 'previous_secret' },
  { ...target, column: 'headers' },
  { table: 'webhook_refused_bodies', rowIdColumn: 'id', column: 'sealed', form: 'bytes' },
  { table: 'idempotency_keys', rowIdColumn: 'idempotency_key', column: 'response_body', form: 'bytes' },
];

export interface SealedRow {
  readonly tenantId: TenantId;
  readonly rowId: string;
  /** The column's value: text or bytes. */
  readonly sealed: string | Buffer;
}

export interface RowPosition {
  readonly tenantId: string;
  readonly rowId: string;
}

/** How many values each key has sealed. */
export function countSealedByKey(db: Queryable, sealed: SealedColumn) {
  return findRows<{ keyId: string; count: number }>(db, {
    text: `select ${keyIdOf(sealed)} as "keyId", count(*)::int as count
             from ${sealed.table} where ${sealed.column} is not null group by 1 order by 1`,
  });
}

/** Rows sealed with another key than `currentKeyId`, by tenant and id, from after `after`. */
export function listSealedWithOtherKeys(
  db: Queryable,
  sealed: SealedColumn,
  currentKeyId: string,
  after: RowPosition | null,
  limit: number,
) {
  return findRows<SealedRow>(db, {
    text: `
      select management_company_id as "tenantId", ${sealed.rowIdColumn}::text as "rowId", ${sealedTextOf(sealed)} as sealed
        from ${sealed.table}
       where ${sealed.column} is not null and ${keyIdOf(sealed)} <> $1
         and ($2::text is null or (management_company_id, ${sealed.rowIdColumn}::text) > ($2, $3))
       order by management_company_id, ${sealed.rowIdColumn}::text
       limit $4`,
    values: [currentKeyId, after?.tenantId ?? null, after?.rowId ?? null, limit],
  });
}

/** Returns false if the value changed meanwhile: that change already sealed it with the current key. */
export async function replaceSealed(
  db: Queryable,
  sealed: SealedColumn,
  row: SealedRow,
  resealed: string | Buffer,
): Promise<boolean> {
  const written = sealed.form === 'json' ? `json_build_object('sealed', $4::text)` : '$4';
  const { rowCount } = await db.query({
    text: `
      update ${sealed.table} set ${sealed.column} = ${written}
       where management_company_id = $1 and ${sealed.rowIdColumn}::text = $2 and ${sealedTextOf(sealed)} = $3`,
    values: [row.tenantId, row.rowId, row.sealed, resealed],
  });
  return rowCount > 0;
}

function sealedTextOf({ column, form }: SealedColumn): string {
  return form === 'json' ? `(${column} ->> 'sealed')` : column;
}

/** Key ids consist of A-Z, a-z, 0-9, _ and -, so bytes escaped as text equal the id. Never fails on a damaged value. */
function keyIdOf(sealed: SealedColumn): string {
  if (sealed.form !== 'bytes') return `split_part(${sealedTextOf(sealed)}, ':', 2)`;
  const { column } = sealed;
  return `case when octet_length(${column}) > 2
               then encode(substring(${column} from 3 for get_byte(${column}, 1)), 'escape') else '' end`;
}
