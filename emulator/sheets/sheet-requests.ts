/** Requests of `batchUpdate` for sheets and the spreadsheet as a whole. */
import { randomInt } from 'node:crypto';
import { ApiError } from './api-error.ts';
import { namedRangeResource, sheetProperties } from './describe.ts';
import { changeMask, takes } from './field-mask.ts';
import { cellAt, clearArea, copyGrid, type GridState, newGrid, setCell } from './grid.ts';
import { areaAt, assertRoom, countAt, gridOf, type Json, objectAt, resize } from './request-parts.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export function addSheet(spreadsheet: SpreadsheetState, { properties }: Json): object {
  const wanted = objectAt(properties, 'properties');
  const title = typeof wanted.title === 'string' ? wanted.title : nextTitle(spreadsheet);
  assertTitleFree(spreadsheet, title);
  const size = objectAt(wanted.gridProperties, 'gridProperties');
  const sheetId = freeSheetId(spreadsheet, wanted.sheetId);
  const rowCount = countAt(size.rowCount, 1000, 'rowCount');
  const columnCount = countAt(size.columnCount, 26, 'columnCount');
  assertRoom(rowCount, columnCount);
  const grid = newGrid(sheetId, title, rowCount, columnCount);
  if (wanted.hidden === true) grid.hidden = true;
  freeze(grid, size, () => true);
  const index = typeof wanted.index === 'number' ? wanted.index : spreadsheet.grids.length;
  spreadsheet.grids.splice(index, 0, grid);
  return { addSheet: { properties: sheetProperties(spreadsheet, grid) } };
}

function freeSheetId(spreadsheet: SpreadsheetState, wanted: unknown): number {
  const sheetId = typeof wanted === 'number' ? wanted : randomInt(1, 2_147_483_647);
  if (spreadsheet.grids.some((grid) => grid.sheetId === sheetId)) {
    throw new ApiError(400, `A sheet with ID "${sheetId}" already exists. Please enter another ID.`);
  }
  return sheetId;
}

export function deleteSheet(spreadsheet: SpreadsheetState, { sheetId }: Json): object {
  const grid = gridOf(spreadsheet, sheetId);
  if (spreadsheet.grids.length === 1) throw new ApiError(400, "You can't remove all the sheets in a document.");
  spreadsheet.grids = spreadsheet.grids.filter((other) => other !== grid);
  spreadsheet.developerMetadata = (spreadsheet.developerMetadata ?? []).filter((each) => each.sheetId !== grid.sheetId);
  return {};
}

export function duplicateSheet(spreadsheet: SpreadsheetState, request: Json): object {
  const { sourceSheetId, insertSheetIndex, newSheetId, newSheetName } = request;
  const source = gridOf(spreadsheet, sourceSheetId);
  const title = typeof newSheetName === 'string' ? newSheetName : `Copy of ${source.title}`;
  assertTitleFree(spreadsheet, title);
  const copy = { ...copyGrid(source), sheetId: freeSheetId(spreadsheet, newSheetId), title };
  const index = typeof insertSheetIndex === 'number' ? insertSheetIndex : spreadsheet.grids.indexOf(source) + 1;
  spreadsheet.grids.splice(index, 0, copy);
  return { duplicateSheet: { properties: sheetProperties(spreadsheet, copy) } };
}

const sheetFields = ['sheetId', 'title', 'index', 'sheetType', 'gridProperties', 'hidden', 'tabColor', 'tabColorStyle'];

export function updateSheetProperties(spreadsheet: SpreadsheetState, { properties, fields }: Json): object {
  const mask = changeMask(fields, [...sheetFields, 'rightToLeft']);
  const wanted = objectAt(properties, 'properties');
  const grid = gridOf(spreadsheet, wanted.sheetId);
  if (takes(mask, 'title') && typeof wanted.title === 'string' && wanted.title !== grid.title) {
    assertTitleFree(spreadsheet, wanted.title, grid);
    grid.title = wanted.title;
  }
  if (takes(mask, 'hidden')) {
    const hidden = wanted.hidden === true;
    if (hidden && spreadsheet.grids.every((other) => other === grid || other.hidden)) {
      throw new ApiError(400, "You can't hide all the sheets in a document.");
    }
    grid.hidden = hidden;
  }
  if (takes(mask, 'index') && typeof wanted.index === 'number') {
    const others = spreadsheet.grids.filter((other) => other !== grid);
    spreadsheet.grids = others.toSpliced(wanted.index, 0, grid);
  }
  const size = objectAt(wanted.gridProperties, 'gridProperties');
  const rows = takes(mask, 'gridProperties.rowCount') ? size.rowCount : undefined;
  const columns = takes(mask, 'gridProperties.columnCount') ? size.columnCount : undefined;
  resize(grid, countAt(rows, grid.rowCount, 'rowCount'), countAt(columns, grid.columnCount, 'columnCount'));
  freeze(grid, size, (path) => takes(mask, path));
  return {};
}

function freeze(grid: GridState, size: Json, isTaken: (path: string) => boolean): void {
  for (const name of ['frozenRowCount', 'frozenColumnCount'] as const) {
    if (isTaken(`gridProperties.${name}`)) grid[name] = countAt(size[name], 0, name);
  }
}

export function updateSpreadsheetProperties(spreadsheet: SpreadsheetState, { properties, fields }: Json): object {
  const mask = changeMask(fields, [
    'title',
    'locale',
    'timeZone',
    'autoRecalc',
    'defaultFormat',
    'iterativeCalculationSettings',
    'spreadsheetTheme',
  ]);
  const wanted = objectAt(properties, 'properties');
  for (const name of ['title', 'locale', 'timeZone'] as const) {
    const value = wanted[name];
    if (takes(mask, name) && typeof value === 'string') spreadsheet[name] = value;
  }
  return {};
}

export function addNamedRange(spreadsheet: SpreadsheetState, { namedRange }: Json): object {
  const { name, range } = objectAt(namedRange, 'namedRange');
  const { sheetId = 0, startRowIndex, endRowIndex, startColumnIndex, endColumnIndex } = objectAt(range, 'range');
  const added = {
    namedRangeId: String(randomInt(1, 2_147_483_647)),
    name: String(name),
    sheetId: gridOf(spreadsheet, sheetId).sheetId,
    startRow: countAt(startRowIndex, 0, 'startRowIndex'),
    endRow: endRowIndex === undefined ? null : countAt(endRowIndex, 0, 'endRowIndex'),
    startColumn: countAt(startColumnIndex, 0, 'startColumnIndex'),
    endColumn: endColumnIndex === undefined ? null : countAt(endColumnIndex, 0, 'endColumnIndex'),
  };
  spreadsheet.namedRanges.push(added);
  return { addNamedRange: { namedRange: namedRangeResource(added) } };
}

export function addProtectedRange(spreadsheet: SpreadsheetState, { protectedRange }: Json): object {
  const wanted = objectAt(protectedRange, 'protectedRange');
  const grid = gridOf(spreadsheet, objectAt(wanted.range, 'range').sheetId);
  const added = { protectedRangeId: randomInt(1, 2_147_483_647), ...wanted };
  grid.protectedRanges = [...(grid.protectedRanges ?? []), added];
  return { addProtectedRange: { protectedRange: added } };
}

/** Filtered rows stay in every answer, as at Google; nothing is hidden here. */
export function setBasicFilter(spreadsheet: SpreadsheetState, { filter }: Json): object {
  const wanted = objectAt(filter, 'filter');
  gridOf(spreadsheet, objectAt(wanted.range, 'range').sheetId).basicFilter = wanted;
  return {};
}

export function clearBasicFilter(spreadsheet: SpreadsheetState, { sheetId }: Json): object {
  delete gridOf(spreadsheet, sheetId).basicFilter;
  return {};
}

/** Merged cells keep the value of the first one. */
export function mergeCells(spreadsheet: SpreadsheetState, { range, mergeType }: Json): object {
  const at = objectAt(range, 'range');
  const grid = gridOf(spreadsheet, at.sheetId ?? 0);
  const area = areaAt(grid, at);
  if (mergeType !== undefined && mergeType !== 'MERGE_ALL') {
    throw new ApiError(400, `The emulator does not support the mergeType ${String(mergeType)}`);
  }
  const first = cellAt(grid, area.startRow, area.startColumn);
  clearArea(grid, area);
  if (first !== undefined) setCell(grid, area.startRow, area.startColumn, first);
  grid.merges = [...(grid.merges ?? []), at];
  return {};
}

function assertTitleFree(spreadsheet: SpreadsheetState, title: string, own?: GridState): void {
  const isTaken = spreadsheet.grids.some((grid) => grid !== own && grid.title.toLowerCase() === title.toLowerCase());
  if (isTaken) throw new ApiError(400, `A sheet with the name "${title}" already exists. Please enter another name.`);
}

function nextTitle(spreadsheet: SpreadsheetState): string {
  let number = spreadsheet.grids.length + 1;
  while (spreadsheet.grids.some((grid) => grid.title === `Sheet${number}`)) number += 1;
  return `Sheet${number}`;
}
