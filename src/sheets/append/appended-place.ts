/** Where the rows of a batch stand: their markers, their first row, and the table after the append. */
import { type Area, blockAt, greatest, least } from '../area.ts';
import type { TablePlace } from '../table/locate-end.ts';
import type { MadeChange, PlacedMarker } from '../table/marked-change.ts';
import { markerOfPlace } from '../table/progress.ts';
import type { KnownTable } from '../table/table-state.ts';
import type { AppendItem, Entry } from './append-item.ts';

/** The current first row: by any marker that was found, or by the place that was sent if Google answered. */
export function rowOf(
  { found }: Extract<MadeChange, { kind: 'made' }>,
  entries: readonly Entry[],
  place: TablePlace,
): number {
  const [note] = found;
  if (note === undefined || note.row === null) return place.nextRow;
  const sent = markersOf(entries, place).find(({ marker }) => marker.id === note.id);
  return note.row - ((sent?.row ?? place.nextRow) - place.nextRow);
}

export function widthOf({ question }: AppendItem): number {
  return greatest(question.values.map((row) => row.length));
}

export function leadingBlanksOf(batch: readonly Entry[]): number {
  const rows = batch.flatMap(({ item }) => item.question.values);
  return least(rows.map((row) => row.findIndex((cell) => cell !== null && cell !== '')));
}

/** One marker for the place itself, and one per keyed caller on its own first row. */
export function markersOf(
  entries: readonly Entry[],
  { sheetId, nextRow, column }: TablePlace,
): readonly PlacedMarker[] {
  let row = nextRow;
  const marker = markerOfPlace(sheetId, nextRow, column);
  const ofPlace = { marker, sheetId, row, isKeyed: false, isOfPlace: true };
  const keyed = entries.flatMap(({ item }) => {
    const placed = { marker: item.marker, sheetId, row, isKeyed: true };
    row += item.question.values.length;
    return item.progress.isKeyed ? [placed] : [];
  });
  return [ofPlace, ...keyed];
}

export function afterAppend(
  { sheetId: _sheet, rowCount: _rows, columnCount: _columns, nextRow: _next, ...known }: TablePlace,
  row: number,
  rowCount: number,
  entries: readonly Entry[],
): KnownTable {
  const width = Math.max(...entries.map(({ item }) => widthOf(item)));
  const written: Area = blockAt({ startRow: row, endRow: null, startColumn: known.column, endColumn: null }, 1, width);
  const table = known.table ?? written;
  const endColumn = Math.max(table.endColumn ?? 0, known.column + width);
  return {
    ...known,
    endColumn: known.endColumn === null ? null : Math.max(known.endColumn, known.column + width),
    lastRow: row + rowCount - 1,
    table: { ...table, endRow: row + rowCount, endColumn },
  };
}
