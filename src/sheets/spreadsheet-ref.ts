/** Parses how callers name a spreadsheet: by id, or by the URL in their browser, which may include the sheet. */

export interface SpreadsheetRef {
  readonly spreadsheetId: string;
  /** The sheet, if the URL names one. */
  readonly gid: number | null;
}

const idPattern = /^[A-Za-z0-9_-]{1,200}$/;
const addressPattern =
  /^https?:\/\/docs\.google\.com\/(?:a\/[^/]+\/)?spreadsheets\/(?:u\/\d+\/)?d\/([A-Za-z0-9_-]{1,200})(?:[/?#].*)?$/;

/** The address of a copy that was published to the web. The API does not know the copy. */
export function isPublishedAddress(text: string): boolean {
  return /^https?:\/\/docs\.google\.com\/.*spreadsheets\/(?:u\/\d+\/)?d\/e\//.test(text.trim());
}

/** null if the text is neither an id nor a URL. */
export function parseSpreadsheetRef(text: string): SpreadsheetRef | null {
  const trimmed = text.trim();
  if (idPattern.test(trimmed)) return { spreadsheetId: trimmed, gid: null };
  const spreadsheetId = addressPattern.exec(trimmed)?.[1];
  if (spreadsheetId === undefined || isPublishedAddress(trimmed)) return null;
  // The fragment names the sheet that the browser shows; the query, the sheet that the link was made for.
  const gid = /#(?:.*&)?gid=(\d{1,10})/.exec(trimmed)?.[1] ?? /[?&]gid=(\d{1,10})/.exec(trimmed)?.[1];
  return { spreadsheetId, gid: gid === undefined ? null : Number(gid) };
}
