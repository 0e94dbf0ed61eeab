/** `spreadsheets.get`: a spreadsheet as a resource, with cells if requested. */
import { locate } from './a1.ts';
import { beyondGrid } from './api-error.ts';
import { type Cell, renderCell } from './cell.ts';
import { evaluated } from './formula.ts';
import { cellAt, type GridArea, type GridState } from './grid.ts';
import { resourceOf } from './metadata-requests.ts';
import type { NamedRange, SpreadsheetState } from './spreadsheet-state.ts';

const white = { red: 1, green: 1, blue: 1 };
/** As recorded for a new spreadsheet. */
const defaultFormat = {
  backgroundColor: white,
  padding: { top: 2, right: 3, bottom: 2, left: 3 },
  verticalAlignment: 'BOTTOM',
  wrapStrategy: 'OVERFLOW_CELL',
  textFormat: {
    foregroundColor: {},
    fontFamily: 'arial,sans,sans-serif',
    fontSize: 10,
    bold: false,
    italic: false,
    strikethrough: false,
    underline: false,
    foregroundColorStyle: { rgbColor: {} },
  },
  backgroundColorStyle: { rgbColor: white },
};
const themeColors = [
  'TEXT',
  'BACKGROUND',
  'ACCENT1',
  'ACCENT2',
  'ACCENT3',
  'ACCENT4',
  'ACCENT5',
  'ACCENT6',
  'LINK',
].map((colorType) => ({ colorType, color: { rgbColor: colorType === 'BACKGROUND' ? white : {} } }));

export interface DescribeOptions {
  readonly ranges: readonly string[];
  readonly includeGridData: boolean;
  /** Row heights and column widths: one line per row, so only on request. */
  readonly includeSizes?: boolean;
}

/** Throws the API's 400 for an invalid range. */
export function describeSpreadsheet(spreadsheet: SpreadsheetState, options: DescribeOptions): object {
  const asked = options.ranges.map((range) => locateInside(spreadsheet, range));
  const grids =
    asked.length === 0 ? spreadsheet.grids : spreadsheet.grids.filter((grid) => asked.some((one) => one.grid === grid));
  return {
    spreadsheetId: spreadsheet.id,
    properties: {
      title: spreadsheet.title,
      locale: spreadsheet.locale,
      autoRecalc: 'ON_CHANGE',
      timeZone: spreadsheet.timeZone,
      defaultFormat,
      spreadsheetTheme: { primaryFontFamily: 'Arial', themeColors },
    },
    sheets: grids.map((grid) => ({
      properties: sheetProperties(spreadsheet, grid),
      ...(grid.protectedRanges?.length && { protectedRanges: grid.protectedRanges }),
      ...(grid.basicFilter && { basicFilter: grid.basicFilter }),
      ...(grid.merges?.length && { merges: grid.merges }),
      ...(options.includeGridData && {
        data:
          asked.length === 0
            ? [
                gridData(
                  spreadsheet,
                  grid,
                  {
                    startRow: 0,
                    startColumn: 0,
                    endRow: grid.rowCount,
                    endColumn: grid.columnCount,
                  },
                  options.includeSizes ?? false,
                ),
              ]
            : asked
                .filter((one) => one.grid === grid)
                .map(({ area }) => gridData(spreadsheet, grid, area, options.includeSizes ?? false)),
      }),
    })),
    ...(spreadsheet.namedRanges.length > 0 && { namedRanges: spreadsheet.namedRanges.map(namedRangeResource) }),
    ...(spreadsheet.developerMetadata?.length && { developerMetadata: spreadsheet.developerMetadata.map(resourceOf) }),
    spreadsheetUrl: `https://docs.google.com/spreadsheets/d/${spreadsheet.id}/edit`,
  };
}

export function sheetProperties(spreadsheet: SpreadsheetState, grid: GridState): object {
  return {
    sheetId: grid.sheetId,
    title: grid.title,
    index: spreadsheet.grids.indexOf(grid),
    sheetType: 'GRID',
    gridProperties: {
      rowCount: grid.rowCount,
      columnCount: grid.columnCount,
      ...(grid.frozenRowCount && { frozenRowCount: grid.frozenRowCount }),
      ...(grid.frozenColumnCount && { frozenColumnCount: grid.frozenColumnCount }),
    },
    ...(grid.hidden && { hidden: true }),
  };
}

/** Zeroes are omitted, as recorded: proto3 JSON drops them here. */
export function namedRangeResource(named: NamedRange): object {
  const range = {
    sheetId: named.sheetId,
    startRowIndex: named.startRow,
    endRowIndex: named.endRow,
    startColumnIndex: named.startColumn,
    endColumnIndex: named.endColumn,
  };
  const kept = Object.entries(range).filter(([name, value]) => value !== null && !(name === 'sheetId' && value === 0));
  return { namedRangeId: named.namedRangeId, name: named.name, range: Object.fromEntries(kept) };
}

function gridData(spreadsheet: SpreadsheetState, grid: GridState, area: GridArea, includeSizes: boolean): object {
  const rowData: object[] = [];
  for (let row = area.startRow; row < Math.min(area.endRow, grid.rows.length); row++) {
    const values: object[] = [];
    const end = Math.min(area.endColumn, grid.rows[row]?.length ?? 0);
    for (let column = area.startColumn; column < end; column++) {
      values.push(cellData(evaluated(grid, cellAt(grid, row, column)), spreadsheet.locale));
    }
    rowData.push(values.length > 0 ? { values } : {});
  }
  return {
    ...(area.startRow > 0 && { startRow: area.startRow }),
    ...(area.startColumn > 0 && { startColumn: area.startColumn }),
    ...(rowData.length > 0 && { rowData }),
    ...(includeSizes && {
      rowMetadata: sizes(area.endRow - area.startRow),
      columnMetadata: sizes(area.endColumn - area.startColumn, 100),
    }),
  };
}

function cellData(cell: Cell | undefined, locale: string): object {
  if (cell === undefined) return {};
  const typed = (value: Cell['value']): object =>
    typeof value === 'number'
      ? { numberValue: value }
      : typeof value === 'boolean'
        ? { boolValue: value }
        : { stringValue: value };
  return {
    userEnteredValue: cell.formula === undefined ? typed(cell.value) : { formulaValue: cell.formula },
    effectiveValue: typed(cell.value),
    formattedValue: renderCell(cell, 'FORMATTED_VALUE', 'FORMATTED_STRING', locale),
  };
}

/** Throws the API's 400 if the range begins outside its grid. */
function locateInside(spreadsheet: SpreadsheetState, range: string): ReturnType<typeof locate> {
  const found = locate(spreadsheet, range);
  const { grid, area } = found;
  if (area.startRow >= grid.rowCount || area.startColumn >= grid.columnCount) throw beyondGrid(grid, range);
  return found;
}

/** In pixels, as a new sheet has them. */
function sizes(count: number, pixelSize = 21): object[] {
  return Array.from({ length: Math.max(0, count) }, () => ({ pixelSize }));
}
