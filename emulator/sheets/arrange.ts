/** `POST /__emulator/spreadsheets/{id}`: prepares a spreadsheet for a test. */
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';
import { ApiError, asApiError, errorReply } from './api-error.ts';
import { parseBody } from './request-body.ts';
import type { SpreadsheetStore } from './store.ts';

/** Sets what only a person can set at Google: who a file is shared with, whether it exists. Refuses unknown members. */
export function arrange(store: SpreadsheetStore, id: string, request: EmulatorRequest): EmulatorReply {
  try {
    const { missing, shared_with: sharedWith, title, locale, ...others } = parseBody(request);
    const [strange] = Object.keys(others);
    if (strange !== undefined)
      throw new ApiError(400, `${strange}: unknown; known are missing, shared_with, title, locale`);
    if (missing !== undefined && typeof missing !== 'boolean') throw new ApiError(400, 'missing: true or false');
    const isList = Array.isArray(sharedWith) && sharedWith.every((one) => typeof one === 'string');
    if (sharedWith !== undefined && sharedWith !== null && !isList) {
      throw new ApiError(400, 'shared_with: a list of e-mails, or null for everyone');
    }
    for (const [name, text] of Object.entries({ title, locale })) {
      if (text !== undefined && typeof text !== 'string') throw new ApiError(400, `${name}: a text`);
    }
    if (missing !== undefined) store.setMissing(id, missing);
    const spreadsheet = store.open(id);
    if (spreadsheet === null) return jsonReply(200, { spreadsheet_id: id, missing: true });
    if (sharedWith !== undefined) spreadsheet.sharedWith = sharedWith as string[] | null;
    if (title !== undefined) spreadsheet.title = title as string;
    if (locale !== undefined) spreadsheet.locale = locale as string;
    store.changed(id);
    return jsonReply(200, { spreadsheet_id: id, missing: false });
  } catch (error) {
    return errorReply(asApiError(error));
  }
}
