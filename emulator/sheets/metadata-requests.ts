/** Developer metadata: a program's notes on rows, columns, sheets or the spreadsheet, which move with them. */
import { randomInt } from 'node:crypto';
import { ApiError } from './api-error.ts';
import { countAt, gridOf, type Json, listAt, objectAt } from './request-parts.ts';
import type { DeveloperMetadata, SpreadsheetState } from './spreadsheet-state.ts';

/** An id in use is refused, and with it the whole batch. */
export function createDeveloperMetadata(spreadsheet: SpreadsheetState, { developerMetadata }: Json): object {
  const { metadataId, metadataKey, metadataValue = '', visibility, location } = objectAt(developerMetadata, 'metadata');
  if (typeof metadataKey !== 'string' || metadataKey === '') throw new ApiError(400, 'metadataKey must be specified');
  if (visibility !== 'DOCUMENT' && visibility !== 'PROJECT') throw new ApiError(400, 'visibility must be specified');
  const id = metadataId ?? randomInt(1, 2_147_483_647);
  if (!Number.isInteger(id) || Number(id) < 1 || Number(id) > 2_147_483_647) {
    throw new ApiError(400, `Invalid value at 'metadata_id' (TYPE_INT32), ${JSON.stringify(id)}`);
  }
  const kept = spreadsheet.developerMetadata ?? [];
  if (kept.some((each) => each.metadataId === Number(id))) {
    throw new ApiError(400, `A developer metadata with ID "${id}" already exists. Please enter another ID.`);
  }
  const created = {
    metadataId: Number(id),
    metadataKey,
    metadataValue: String(metadataValue),
    visibility,
    ...placeOf(spreadsheet, objectAt(location, 'location')),
  };
  spreadsheet.developerMetadata = [...kept, created];
  return { createDeveloperMetadata: { developerMetadata: resourceOf(created) } };
}

function placeOf(
  spreadsheet: SpreadsheetState,
  { dimensionRange, sheetId }: Json,
): Pick<DeveloperMetadata, 'sheetId' | 'dimension' | 'startIndex'> {
  if (dimensionRange === undefined) {
    return {
      sheetId: sheetId === undefined ? null : gridOf(spreadsheet, sheetId).sheetId,
      dimension: 'ROWS',
      startIndex: null,
    };
  }
  const range = objectAt(dimensionRange, 'dimensionRange');
  const grid = gridOf(spreadsheet, range.sheetId);
  const start = countAt(range.startIndex, 0, 'startIndex');
  const dimension = range.dimension === 'COLUMNS' ? 'COLUMNS' : 'ROWS';
  if (countAt(range.endIndex, 0, 'endIndex') !== start + 1) {
    throw new ApiError(400, 'The dimensionRange of a location must be a single row or column');
  }
  const length = dimension === 'ROWS' ? grid.rowCount : grid.columnCount;
  if (start >= length) throw new ApiError(400, `startIndex[${start}] is beyond the grid, which ends at ${length}`);
  return { sheetId: grid.sheetId, dimension, startIndex: start };
}

export function deleteDeveloperMetadata(spreadsheet: SpreadsheetState, { dataFilter }: Json): object {
  const gone = matching(spreadsheet, [dataFilter]);
  spreadsheet.developerMetadata = (spreadsheet.developerMetadata ?? []).filter((each) => !gone.includes(each));
  return { deleteDeveloperMetadata: { deletedDeveloperMetadata: gone.map(resourceOf) } };
}

/** `developerMetadata:search` */
export function searchDeveloperMetadata(spreadsheet: SpreadsheetState, { dataFilters }: Json): object {
  const found = matching(spreadsheet, listAt(dataFilters, 'dataFilters'));
  if (found.length === 0) return {};
  return { matchedDeveloperMetadata: found.map((each) => ({ developerMetadata: resourceOf(each) })) };
}

function matching(spreadsheet: SpreadsheetState, filters: readonly unknown[]): readonly DeveloperMetadata[] {
  const lookups = filters.map((filter) => {
    const { developerMetadataLookup, ...others } = objectAt(filter, 'dataFilter');
    if (developerMetadataLookup === undefined || Object.keys(others).length > 0) {
      throw new ApiError(400, 'The emulator finds developer metadata only by developerMetadataLookup');
    }
    return objectAt(developerMetadataLookup, 'developerMetadataLookup');
  });
  const names = ['metadataId', 'metadataKey', 'metadataValue', 'visibility'] as const;
  for (const lookup of lookups) {
    const strange = Object.keys(lookup).find((name) => !(names as readonly string[]).includes(name));
    if (strange !== undefined) throw new ApiError(400, `The emulator does not find developer metadata by ${strange}`);
  }
  return (spreadsheet.developerMetadata ?? []).filter((each) =>
    lookups.some((lookup) => names.every((name) => lookup[name] === undefined || lookup[name] === each[name])),
  );
}

export function resourceOf({ sheetId, dimension, startIndex, ...about }: DeveloperMetadata): object {
  const location =
    sheetId === null
      ? { locationType: 'SPREADSHEET', spreadsheet: true }
      : startIndex === null
        ? { locationType: 'SHEET', sheetId }
        : {
            locationType: dimension === 'ROWS' ? 'ROW' : 'COLUMN',
            dimensionRange: { sheetId, dimension, startIndex, endIndex: startIndex + 1 },
          };
  return { ...about, location };
}

/** Rows or columns were inserted before `from` (`by` above zero) or removed from there on. */
export function moveMetadata(
  spreadsheet: SpreadsheetState,
  sheetId: number,
  dimension: 'ROWS' | 'COLUMNS',
  from: number,
  by: number,
): void {
  spreadsheet.developerMetadata = (spreadsheet.developerMetadata ?? []).flatMap((each) => {
    const isBefore = each.startIndex === null || each.startIndex < from;
    if (each.sheetId !== sheetId || each.dimension !== dimension || isBefore) return [each];
    if (by < 0 && (each.startIndex as number) < from - by) return [];
    return [{ ...each, startIndex: (each.startIndex as number) + by }];
  });
}
