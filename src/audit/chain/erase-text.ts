/**
 * Erases a person's data from a tenant's audit log: every occurrence of the text becomes `[erased]`, in rows and in
 * stored headers and bodies. The chain records which rows changed, with the old and the new digest. The text itself is
 * stored nowhere. Repeating it is safe.
 */
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import {
  appendErasure,
  type ErasableRow,
  findBodiesWith,
  findRowsOfBody,
  findRowsWith,
  replaceBody,
  rewriteErasedRow,
} from '../../storage/tables/audit/audit-erasure.ts';
import { keep } from '../body.ts';

export interface Erasure {
  readonly rows: number;
  readonly bodies: number;
}

const erased = '[erased]';
const placesPerStep = 100;

/** Erases the text in steps of one transaction each, until none is left. */
export async function eraseText(db: Pick<Database, 'acrossTenants'>, tenant: string, text: string): Promise<Erasure> {
  const forms = formsOf(text);
  const rows = new Set<string>();
  let bodies = 0;
  for (;;) {
    const step = await db.acrossTenants('audit erasure', (tx) => eraseSome(tx, tenant, forms));
    for (const id of step.rows) rows.add(id);
    bodies += step.bodies;
    if (step.rows.length === 0 && step.bodies === 0) return { rows: rows.size, bodies };
  }
}

/** The forms of the text in JSON, in a URL and in a form. Longest first, because one may contain another. */
function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = [...json].map((char) => ((char.codePointAt(0) as number) < 128 ? char : escapeUnits(char))).join('');
  const url = encodeURIComponent(text);
  const forms = [text, json, ascii, ascii.toUpperCase().replaceAll('\\U', '\\u'), url, url.toLowerCase()];
  forms.push(...forms.map((form) => form.replaceAll('%20', '+')));
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function escapeUnits(char: string): string {
  return [...Array(char.length).keys()]
    .map((index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

async function eraseSome(
  tx: Queryable,
  tenant: string,
  forms: readonly string[],
): Promise<{ readonly rows: readonly string[]; readonly bodies: number }> {
  const withoutText = (value: string): string => forms.reduce((left, form) => left.replaceAll(form, erased), value);
  const entries: Buffer[] = [];
  const rewritten: string[] = [];
  const rewrite = async (row: ErasableRow): Promise<void> => {
    const after = await rewriteErasedRow(tx, tenant, row);
    rewritten.push(row.id);
    entries.push(Buffer.concat([Buffer.from(row.id.replaceAll('-', ''), 'hex'), row.digest, after]));
  };

  const bodies = await findBodiesWith(tx, tenant, forms, placesPerStep);
  for (const { day, body_hash: bodyHash, body } of bodies) {
    const kept = keep(withoutText(body));
    const moved = (reference: string | null) => (reference === `sha256:${bodyHash}` ? kept.reference : reference);
    for (const row of await findRowsOfBody(tx, tenant, day, bodyHash)) {
      await rewrite({
        ...row,
        request_headers: moved(row.request_headers),
        request_body: moved(row.request_body),
        response_body: moved(row.response_body),
      });
    }
    await replaceBody(tx, tenant, day, bodyHash, kept);
  }
  const rows = await findRowsWith(tx, tenant, forms, placesPerStep);
  for (const row of rows) {
    await rewrite({
      ...row,
      endpoint: row.endpoint === null ? null : withoutText(row.endpoint),
      error_message: row.error_message === null ? null : withoutText(row.error_message),
      principal: row.principal === null ? null : withoutText(row.principal),
    });
  }
  if (entries.length > 0) await appendErasure(tx, tenant, Buffer.concat(entries));
  return { rows: rewritten, bodies: bodies.length };
}
