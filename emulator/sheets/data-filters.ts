/** Converts `dataFilters` to ranges in A1 notation; other filters are refused by name. */
import { printArea } from './a1.ts';
import { ApiError } from './api-error.ts';
import { areaAt, gridOf, listAt, objectAt } from './request-parts.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export function rangesOfFilters(spreadsheet: SpreadsheetState, filters: unknown): readonly string[] {
  return listAt(filters, 'dataFilters').map((filter) => {
    const { a1Range, gridRange, ...others } = objectAt(filter, 'dataFilters');
    const [strange] = Object.keys(others);
    if (strange !== undefined) throw new ApiError(400, `The emulator does not support a filter by ${strange}.`);
    if (typeof a1Range === 'string') return a1Range;
    const range = objectAt(gridRange, 'gridRange');
    const grid = gridOf(spreadsheet, range.sheetId ?? 0);
    return printArea(grid, areaAt(grid, range));
  });
}
