/** Comma-separated values (RFC 4180): read whole, written row by row. */

export interface CsvTable {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** `,`, `;` or a tab: whichever the first line has most of; `,` where it has none. */
  readonly delimiter: string;
}

/**
 * A byte-order mark is dropped, empty lines are passed over. Where the first line names one column, each line is one cell:
 * a list of addresses has commas, and seldom quotes. Throws `RangeError` where a quote is not closed, or a row holds more
 * than the first line names: the address would be cut at its comma, and a wrong place be found.
 */
export function parseCsv(text: string): CsvTable {
  const content = text.replace(/^\uFEFF/, '');
  const delimiter = guessDelimiter(content);
  const rows = splitRows(content, delimiter).filter((row) => row.length > 1 || row[0] !== '');
  const [headers = [], ...rest] = rows;
  for (const [index, row] of rest.entries()) {
    if (row.slice(headers.length).some((cell) => cell !== '')) {
      const found = `row ${index + 1} has ${row.length} cells, the first line names ${headers.length}`;
      throw new RangeError(`${found}: put an address with a "${delimiter}" in double quotes`);
    }
  }
  return { headers, rows: rest, delimiter: delimiter ?? ',' };
}

export function renderCsvRow(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoteCell(cell, delimiter)).join(delimiter)}\r\n`;
}

/**
 * A text that somebody else wrote, so that no spreadsheet takes it for a formula: an apostrophe in front is how a cell says
 * that it is text. Numbers are not texts, and stay.
 */
export function harmlessCell(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** null: the first line has none. */
function guessDelimiter(content: string): string | null {
  const firstLine = content.split(/\r?\n/, 1)[0] ?? '';
  const countOf = (delimiter: string): number => firstLine.split(delimiter).length - 1;
  const most = [',', ';', '\t'].reduce((best, next) => (countOf(next) > countOf(best) ? next : best));
  return countOf(most) === 0 ? null : most;
}

function quoteCell(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function splitRows(content: string, delimiter: string | null): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endCell = (): void => {
    row.push(cell);
    cell = '';
  };
  const endRow = (): void => {
    endCell();
    rows.push(row);
    row = [];
  };
  for (let at = 0; at < content.length; at++) {
    const character = content[at] as string;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (content[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
    } else if (character === '"' && cell === '') isQuoted = true;
    else if (character === delimiter) endCell();
    else if (character === '\n') endRow();
    else if (character !== '\r' || content[at + 1] !== '\n') cell += character;
  }
  if (isQuoted) throw new RangeError(`a quote in row ${rows.length + 1} is not closed`);
  if (cell !== '' || row.length > 0) endRow();
  return rows;
}
