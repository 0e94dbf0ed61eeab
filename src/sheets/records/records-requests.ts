/** Turns a planned change of records into Google requests, and places the markers that identify the change. */
import type { Cell } from '../../providers/google_sheets/operations.ts';
import { growGrid, writeRowsAt } from '../table/cells.ts';
import type { PlacedMarker } from '../table/marked-change.ts';
import { type Marker, markerOfPlace, newMarker } from '../table/progress.ts';
import type { RecordsPlan } from './plan-records.ts';
import type { SeenRecords } from './see-records.ts';

/** A marker of the place if rows are new, else one on the sheet; plus one per keyed caller. */
export function markersOf(
  keyedMarkers: readonly Marker[],
  { sheet, nextRow, firstColumn }: SeenRecords,
  plan: RecordsPlan,
): readonly PlacedMarker[] {
  const sheetId = sheet.id;
  const own: PlacedMarker =
    plan.inserted.length > 0
      ? {
          marker: markerOfPlace(sheetId, nextRow, firstColumn),
          sheetId,
          row: nextRow,
          isKeyed: false,
          isOfPlace: true,
        }
      : { marker: newMarker(), sheetId, row: null, isKeyed: false };
  return [own, ...keyedMarkers.map((marker) => ({ marker, sheetId, row: null, isKeyed: true }))];
}

/** `headerRow` is zero-based. */
export function requestsOf({ sheet, nextRow }: SeenRecords, plan: RecordsPlan, headerRow: number): readonly object[] {
  const grid = { sheetId: sheet.id, rowCount: sheet.rowCount, columnCount: sheet.columnCount };
  const cells = (row: ReadonlyMap<number, Cell>) => [...row].sort(([a], [b]) => a - b);
  const names = new Map<number, Cell>(plan.newColumns.map(({ name, index }) => [index, name]));
  const rows: readonly (readonly [number, ReadonlyMap<number, Cell>])[] = [
    ...(names.size > 0 ? [[headerRow, names] as const] : []),
    ...plan.changed,
    ...plan.inserted.map((row, offset) => [nextRow + offset, row] as const),
  ];
  const endColumn = Math.max(0, ...rows.flatMap(([, row]) => [...row.keys()].map((column) => column + 1)));
  const endRow = Math.max(nextRow + plan.inserted.length, headerRow + 1);
  return [
    ...growGrid(grid, endRow, endColumn),
    ...rows.flatMap(([row, values]) =>
      runsOf(cells(values)).map(({ column, run }) => writeRowsAt({ sheetId: grid.sheetId, row, column }, [run], 'RAW')),
    ),
  ];
}

/** Runs of adjacent cells; unnamed cells between them stay unchanged. */
function runsOf(cells: readonly (readonly [number, Cell])[]): readonly { column: number; run: Cell[] }[] {
  const runs: { column: number; run: Cell[] }[] = [];
  for (const [column, cell] of cells) {
    const last = runs.at(-1);
    if (last !== undefined && last.column + last.run.length === column) last.run.push(cell);
    else runs.push({ column, run: [cell] });
  }
  return runs;
}
