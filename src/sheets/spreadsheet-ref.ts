/** How callers name a spreadsheet: its id, or the address that their browser shows, with the sheet they look at. */

export interface SpreadsheetRef {
  readonly spreadsheetId: string;
  /** Of the sheet, where the address names one. */
  readonly gid: number | null;
}

const idPattern = /^[A-Za-z0-9_-]{1,200}$/;
const addressPattern =
  /^https?:\/\/docs\.google\.com\/(?:a\/[^/]+\/)?spreadsheets\/(?:u\/\d+\/)?d\/([A-Za-z0-9_-]{1,200})(?:[/?#].*)?$/;

/** null where the text is neither. */
export function parseSpreadsheetRef(text: string): SpreadsheetRef | null {
  const trimmed = text.trim();
  if (idPattern.test(trimmed)) return { spreadsheetId: trimmed, gid: null };
  const spreadsheetId = addressPattern.exec(trimmed)?.[1];
  if (spreadsheetId === undefined) return null;
  // The fragment is what the browser shows now; the query, what the link was made for.
  const gid = /#(?:.*&)?gid=(\d{1,10})/.exec(trimmed)?.[1] ?? /[?&]gid=(\d{1,10})/.exec(trimmed)?.[1];
  return { spreadsheetId, gid: gid === undefined ? null : Number(gid) };
}
