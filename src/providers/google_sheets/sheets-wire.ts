/** Parses Google's descriptions of sheets, tables and notes. */
import { isObject, listIn, objectIn, textIn } from '../reading.ts';
import type {
  FoundMarker,
  FoundSheet,
  FoundSheets,
  NamedArea,
  SheetsStructured,
  SpreadsheetMetadata,
  TableEnd,
} from './operations.ts';
import { countIn } from './wire.ts';

/** Sheets of other kinds (a chart, a data source) have no grid and count as empty. */
export function readMetadata(json: unknown): SpreadsheetMetadata | null {
  const properties = objectIn(json, 'properties');
  if (!isObject(json) || textIn(json, 'spreadsheetId') === null) return null;
  const titles = new Map<number, string>();
  const worksheets = listIn(json, 'sheets').map((sheet, position) => {
    const about = objectIn(sheet, 'properties');
    const grid = objectIn(about, 'gridProperties');
    const id = countIn(about, 'sheetId');
    const title = textIn(about, 'title') ?? '';
    titles.set(id, title);
    return {
      id,
      title,
      index: typeof about.index === 'number' ? about.index : position,
      row_count: countIn(grid, 'rowCount'),
      column_count: countIn(grid, 'columnCount'),
      hidden: about.hidden === true,
      frozen_row_count: countIn(grid, 'frozenRowCount'),
      frozen_column_count: countIn(grid, 'frozenColumnCount'),
      protected_ranges: listIn(sheet, 'protectedRanges').map((one) => ({
        range: printGridRange(objectIn(one, 'range'), title),
        description: textIn(one, 'description'),
        warning_only: isObject(one) && one.warningOnly === true,
      })),
    };
  });
  return {
    title: textIn(properties, 'title') ?? '',
    locale: textIn(properties, 'locale') ?? '',
    time_zone: textIn(properties, 'timeZone') ?? '',
    worksheets,
    named_ranges: listIn(json, 'namedRanges').flatMap((one) => {
      const range = objectIn(one, 'range');
      const title = titles.get(countIn(range, 'sheetId'));
      // A name outlives its sheet, and then means nothing (`#REF!`).
      return title === undefined ? [] : [{ name: textIn(one, 'name') ?? '', range: printGridRange(range, title) }];
    }),
  };
}

/** A GridRange in A1 notation; the whole sheet is its quoted title. */
function printGridRange(range: object, title: string): string {
  const { startRow, endRow, startColumn, endColumn } = areaOf(range);
  const quoted = `'${title.replaceAll("'", "''")}'`;
  if (startRow === 0 && endRow === null && startColumn === 0 && endColumn === null) return quoted;
  const first = `${letters(startColumn)}${startRow + 1}`;
  if (endRow !== null && endColumn !== null) {
    const last = `${letters(endColumn - 1)}${endRow}`;
    return `${quoted}!${first === last ? first : `${first}:${last}`}`;
  }
  if (endColumn !== null) return `${quoted}!${startRow === 0 ? letters(startColumn) : first}:${letters(endColumn - 1)}`;
  if (endRow !== null) return `${quoted}!${startColumn === 0 ? startRow + 1 : first}:${endRow}`;
  return `${quoted}!${first}:ZZZ`;
}

function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26));
}

function areaOf(range: object): Omit<NamedArea, 'name' | 'sheetId'> {
  const end = (name: string): number | null => (name in range ? countIn(range, name) : null);
  return {
    startRow: countIn(range, 'startRowIndex'),
    endRow: end('endRowIndex'),
    startColumn: countIn(range, 'startColumnIndex'),
    endColumn: end('endColumnIndex'),
  };
}

/** The reply to an append of nothing: where Google would have written, and below which table. */
export function readTableEnd(json: unknown): TableEnd | null {
  const updatedRange = textIn(objectIn(json, 'updates'), 'updatedRange');
  return updatedRange === null ? null : { updatedRange, tableRange: textIn(json, 'tableRange') };
}

export function readFoundSheets(json: unknown): FoundSheets | null {
  if (!isObject(json)) return null;
  return {
    sheets: listIn(json, 'sheets').map(readFoundSheet),
    namedRanges: listIn(json, 'namedRanges').map((one) => {
      const range = objectIn(one, 'range');
      return { name: textIn(one, 'name') ?? '', sheetId: countIn(range, 'sheetId'), ...areaOf(range) };
    }),
  };
}

function readFoundSheet(sheet: unknown): FoundSheet {
  const about = objectIn(sheet, 'properties');
  const grid = objectIn(about, 'gridProperties');
  return {
    id: countIn(about, 'sheetId'),
    title: textIn(about, 'title') ?? '',
    isHidden: about.hidden === true,
    rowCount: countIn(grid, 'rowCount'),
    columnCount: countIn(grid, 'columnCount'),
    windows: listIn(sheet, 'data').map((data) => ({
      startRow: countIn(data, 'startRow'),
      startColumn: countIn(data, 'startColumn'),
      filled: listIn(data, 'rowData').map((row) => listIn(row, 'values').map(isFilled)),
    })),
  };
}

/** A formula with an empty result counts as empty, like a cell with only a format. */
function isFilled(cell: unknown): boolean {
  const value = objectIn(cell, 'effectiveValue');
  return Object.values(value).some((one) => one !== '' && one !== null);
}

export function readMarkers(json: unknown): readonly FoundMarker[] | null {
  if (!isObject(json)) return null;
  return listIn(json, 'matchedDeveloperMetadata').map((matched) => {
    const note = objectIn(matched, 'developerMetadata');
    const location = objectIn(note, 'location');
    const range = objectIn(location, 'dimensionRange');
    const isOnRow = 'dimensionRange' in location;
    return {
      id: countIn(note, 'metadataId'),
      value: textIn(note, 'metadataValue') ?? '',
      sheetId: isOnRow ? countIn(range, 'sheetId') : 'sheetId' in location ? countIn(location, 'sheetId') : null,
      row: isOnRow ? countIn(range, 'startIndex') : null,
    };
  });
}

export function readReplies(json: unknown): { readonly replies: readonly unknown[] } | null {
  return textIn(json, 'spreadsheetId') === null ? null : { replies: listIn(json, 'replies') };
}

export function readCreated(json: unknown): Extract<SheetsStructured, { kind: 'create' }> | null {
  const spreadsheetId = textIn(json, 'spreadsheetId');
  if (spreadsheetId === null) return null;
  return {
    kind: 'create',
    spreadsheetId,
    url: textIn(json, 'spreadsheetUrl') ?? `https://docs.google.com/spreadsheets/d/${spreadsheetId}/edit`,
    worksheets: listIn(json, 'sheets').map((sheet) => {
      const about = objectIn(sheet, 'properties');
      return { id: countIn(about, 'sheetId'), title: textIn(about, 'title') ?? '' };
    }),
  };
}
