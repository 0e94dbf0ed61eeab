/** `spreadsheets.create`: with the sheets, locale and time zone in the body. */

import { enterData } from './cells-requests.ts';
import { listAt, objectAt } from './request-parts.ts';
import { addSheet } from './sheet-requests.ts';
import { newSpreadsheet } from './spreadsheet.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export function createSpreadsheet(id: string, body: Readonly<Record<string, unknown>>): SpreadsheetState {
  const { title, locale, timeZone } = objectAt(body.properties, 'properties');
  const spreadsheet = newSpreadsheet(id);
  if (typeof title === 'string') spreadsheet.title = title;
  if (typeof locale === 'string') spreadsheet.locale = locale;
  if (typeof timeZone === 'string') spreadsheet.timeZone = timeZone;
  const wanted = listAt(body.sheets, 'sheets');
  if (wanted.length === 0) return spreadsheet;
  spreadsheet.grids = [];
  for (const [index, one] of wanted.entries()) {
    const { properties, data } = objectAt(one, `sheets[${index}]`);
    // The first sheet of a new spreadsheet gets the id 0, unless the body sets one.
    addSheet(spreadsheet, {
      properties: { ...(index === 0 && { sheetId: 0 }), ...objectAt(properties, 'properties') },
    });
    const grid = spreadsheet.grids.at(-1);
    if (grid !== undefined) for (const part of listAt(data, 'data')) enterData(grid, objectAt(part, 'data'));
  }
  return spreadsheet;
}
