/** Comma-separated values (RFC 4180): read whole, written row by row. */

export interface CsvTable {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** `,`, `;` or a tab: whichever the first line has most of. */
  readonly delimiter: string;
}

/** A byte-order mark is dropped, empty lines are passed over. Throws `RangeError` where a quote is not closed. */
export function parseCsv(text: string): CsvTable {
  const content = text.replace(/^\uFEFF/, '');
  const delimiter = guessDelimiter(content);
  const rows = splitRows(content, delimiter).filter((row) => row.length > 1 || row[0] !== '');
  const [headers = [], ...rest] = rows;
  return { headers, rows: rest, delimiter };
}

export function renderCsvRow(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoteCell(cell, delimiter)).join(delimiter)}\r\n`;
}

function guessDelimiter(content: string): string {
  const firstLine = content.split(/\r?\n/, 1)[0] ?? '';
  const countOf = (delimiter: string): number => firstLine.split(delimiter).length - 1;
  return [',', ';', '\t'].reduce((best, next) => (countOf(next) > countOf(best) ? next : best));
}

function quoteCell(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function splitRows(content: string, delimiter: string): string[][] {
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
