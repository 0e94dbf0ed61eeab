/**
 * `spreadsheets.batchUpdate`: applies all of the requests or none. Supports the common ones, and refuses others by
 * name.
 */
import { ApiError } from './api-error.ts';
import {
  appendCells,
  appendDimension,
  deleteDimension,
  deleteRange,
  insertDimension,
  repeatCell,
  updateCells,
} from './cells-requests.ts';
import { copyGrid } from './grid.ts';
import { createDeveloperMetadata, deleteDeveloperMetadata } from './metadata-requests.ts';
import { type Json, objectAt } from './request-parts.ts';
import * as sheets from './sheet-requests.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

type Act = (spreadsheet: SpreadsheetState, request: Json) => object;

/** A copy with all requests applied, with which the caller replaces the original. */
export function applyRequests(
  spreadsheet: SpreadsheetState,
  requests: readonly unknown[],
): { changed: SpreadsheetState; replies: object[] } {
  const changed = {
    ...spreadsheet,
    grids: spreadsheet.grids.map(copyGrid),
    namedRanges: [...spreadsheet.namedRanges],
  };
  const replies = requests.map((request, index) => {
    const set = Object.entries(objectAt(request, `requests[${index}]`));
    const [kind, body] = set[0] ?? [];
    if (kind === undefined) throw new ApiError(400, `Invalid requests[${index}]: No request set.`);
    if (set.length > 1) throw new ApiError(400, `Invalid requests[${index}]: more than one request set.`);
    const act = Object.hasOwn(acts, kind) ? acts[kind] : undefined;
    if (act === undefined)
      throw new ApiError(400, `Invalid requests[${index}]: The emulator does not support ${kind}.`);
    try {
      return act(changed, objectAt(body, `requests[${index}].${kind}`));
    } catch (error) {
      if (!(error instanceof ApiError) || error.details !== undefined) throw error;
      throw new ApiError(error.status, `Invalid requests[${index}].${kind}: ${error.message}`);
    }
  });
  return { changed, replies };
}

const acts: Readonly<Record<string, Act>> = {
  appendCells,
  appendDimension,
  deleteDimension,
  deleteRange,
  insertDimension,
  repeatCell,
  updateCells,
  ...sheets,
  createDeveloperMetadata,
  deleteDeveloperMetadata,
};
