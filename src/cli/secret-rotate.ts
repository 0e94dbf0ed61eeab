/**
 * Reseals every stored secret with the first key of ENCRYPTION_KEYS, while the service runs.
 *
 * Each value names the key that sealed it, so an interrupted run can simply be repeated. A value that changes meanwhile
 * is skipped: its writer seals with the current key.
 */
import { type Keyring, SealBroken } from '../secrets/keyring.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  countSealedByKey,
  listSealedWithOtherKeys,
  type RowPosition,
  replaceSealed,
  type SealedColumn,
  type SealedRow,
  sealedColumns,
} from '../storage/tables/sealed-secrets.ts';
import { type Command, exitCodes } from './command.ts';
import { withDatabase } from './open-database.ts';
import { keyringOf } from './secret-encrypt.ts';

const rowsPerPage = 100;

export const secretRotate: Command = {
  name: 'secret rotate',
  summary: 'seal every kept secret anew with the first of ENCRYPTION_KEYS, online and resumable',
  notes: [
    'First let every replica know the new key (as the second), then put it first, then run this, then take the old one out.',
    'enc:… values of the environment are yours to seal anew: "secret encrypt".',
  ],
  async run({ terminal, config, interrupted }) {
    const keyring = keyringOf(config());
    return withDatabase(config(), async (db) => {
      const total = await countOutdated(db, keyring.currentKeyId);
      const progress = terminal.progress('Sealing anew', total);
      const report = await rotate(db, keyring, interrupted, ({ resealed, broken }) =>
        progress.update(resealed + broken.length, broken.length === 0 ? '' : `${broken.length} do not open`),
      );
      progress.end();
      const remaining = await countOutdated(db, keyring.currentKeyId);
      const value = { key_id: keyring.currentKeyId, resealed: report.resealed, remaining, broken: report.broken };
      terminal.result(value, renderReport(keyring.currentKeyId, report, remaining));
      if (interrupted.aborted && remaining > 0) return exitCodes.interrupted;
      return remaining === 0 ? exitCodes.done : exitCodes.failed;
    });
  },
};

interface RotationReport {
  resealed: number;
  /** Places of values that do not open: sealed with a missing key, or changed on disk. */
  broken: string[];
}

async function rotate(
  db: Database,
  keyring: Keyring,
  interrupted: AbortSignal,
  onProgress: (report: RotationReport) => void,
): Promise<RotationReport> {
  const report: RotationReport = { resealed: 0, broken: [] };
  for (const column of sealedColumns) {
    let after: RowPosition | null = null;
    while (!interrupted.aborted) {
      const position: RowPosition | null = after;
      const rows: readonly SealedRow[] = await db.acrossTenants('secret rotation', (tx) =>
        listSealedWithOtherKeys(tx, column, keyring.currentKeyId, position, rowsPerPage),
      );
      const last = rows.at(-1);
      if (last === undefined) break;
      await resealRows(db, keyring, column, rows, report);
      onProgress(report);
      after = last;
    }
  }
  return report;
}

/**
 * Each row in its own commit: holding several row locks would block all webhook receptions, which lock the same rows in
 * another order.
 */
async function resealRows(
  db: Database,
  keyring: Keyring,
  column: SealedColumn,
  rows: readonly SealedRow[],
  report: RotationReport,
): Promise<void> {
  for (const row of rows) {
    const resealed = reseal(keyring, column, row);
    if (resealed === null) {
      report.broken.push(`${column.table}.${column.column} of ${row.rowId} (${row.tenantId})`);
      continue;
    }
    const isReplaced = await db.acrossTenants('secret rotation', (tx) => replaceSealed(tx, column, row, resealed));
    if (isReplaced) report.resealed += 1;
  }
}

/** null if it does not open. */
function reseal(keyring: Keyring, { table, column }: SealedColumn, row: SealedRow): string | Buffer | null {
  const binding = { table, column, rowId: row.rowId, tenantId: row.tenantId };
  try {
    return typeof row.sealed === 'string'
      ? keyring.seal(keyring.open(row.sealed, binding), binding)
      : keyring.sealBytes(keyring.openBytes(row.sealed, binding), binding);
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}

/** The number of values sealed with another key than the current one. */
export async function countOutdated(db: Pick<Database, 'acrossTenants'>, currentKeyId: string): Promise<number> {
  let outdated = 0;
  for (const column of sealedColumns) {
    const byKey = await db.acrossTenants('secret rotation', (tx) => countSealedByKey(tx, column));
    for (const { keyId, count } of byKey) if (keyId !== currentKeyId) outdated += count;
  }
  return outdated;
}

function renderReport(keyId: string, { resealed, broken }: RotationReport, remaining: number): string {
  const lines = [`Sealed ${resealed} ${resealed === 1 ? 'secret' : 'secrets'} anew with the key "${keyId}".`];
  if (broken.length > 0) {
    lines.push(`${broken.length} do not open with any of ENCRYPTION_KEYS; set them anew, or bring their key back:`);
    lines.push(...broken.map((place) => `  ${place}`));
  } else if (remaining > 0) {
    lines.push(`${remaining} are left: run it again.`);
  } else {
    lines.push('No kept secret needs another key. Before you take an old one out, let each replica’s spool run empty');
    lines.push('(it does within seconds while the database is there).');
  }
  return lines.join('\n');
}
