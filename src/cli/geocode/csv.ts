/** Comma-separated values (RFC 4180): read at once, written row by row. */

export interface CsvTable {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** `,`, `;` or a tab: whichever the first line has most of outside quotes; `,` where it has none. */
  readonly delimiter: string;
  /**
   * The file began with a byte-order mark, by which spreadsheet programs recognise UTF-8; the output then begins with
   * one too.
   */
  readonly hasByteOrderMark: boolean;
}

/** The header of a list of addresses without a header. */
const addressHeader = 'address';

/**
 * Empty lines are skipped. If the first line names one column, each line is one cell, because lists of addresses
 * contain commas but seldom quotes. If the first line is itself an address, the file is such a list without a header.
 * `isHeader`: whether a cell names the wanted column. Throws `RangeError` if a quote is not closed, or a row has more
 * cells than the first line: the address would be cut at its comma, and a wrong place be found.
 */
export function parseCsv(text: string, isHeader: (cell: string) => boolean = () => false): CsvTable {
  const hasByteOrderMark = text.startsWith('\uFEFF');
  const content = hasByteOrderMark ? text.slice(1) : text;
  const delimiter = guessDelimiter(content);
  const rows = splitRows(content, delimiter).filter((row) => row.length > 1 || row[0] !== '');
  if (isBareList(rows[0] ?? [], delimiter, isHeader)) {
    const list = splitRows(content, null).filter((row) => row[0] !== '');
    return { headers: [addressHeader], rows: list, delimiter: ',', hasByteOrderMark };
  }
  const [headers = [], ...rest] = rows;
  for (const [index, row] of rest.entries()) {
    if (row.slice(headers.length).some((cell) => cell !== '')) {
      const found = `row ${index + 1} has ${row.length} cells, the first line names ${headers.length}`;
      throw new RangeError(`${found}: put an address with a "${delimiter}" in double quotes`);
    }
  }
  return { headers, rows: rest, delimiter: delimiter ?? ',', hasByteOrderMark };
}

/** A sign that a cell is an address: a number, or the designator of a street or town. */
const addressSign =
  /\d|(?<!\p{L})(?:ул|улица|г|город|проспект|пр-т|массив|мкр|квартал|район|р-н|ko'?ch|ko.?chasi|shahri|sh|tumani|кўчаси|кучаси|шаҳри|тумани)(?!\p{L})/iu;

/** The first line is an address, not a header, and its commas (if any) belong to the address. */
function isBareList(first: readonly string[], delimiter: string | null, isHeader: (cell: string) => boolean): boolean {
  if (first.length === 0 || first.some(isHeader) || (delimiter !== null && delimiter !== ',')) return false;
  const text = first.join(',');
  return first.length === 1 ? !namesAddress.test(text) : addressSign.test(text);
}

/** `Адрес клиента`, `Manzillar`: one column, named. */
const namesAddress =
  /^["']?\s*(?:адрес|address|full.?address|manzil|манзил|location|объект|object|place|where)[^\d,]*$/iu;

export function renderCsvRow(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoteCell(cell, delimiter)).join(delimiter)}\r\n`;
}

/**
 * Protects a text of unknown origin from being read as a formula, by an apostrophe in front. Numbers stay as they are.
 */
export function harmlessCell(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** null: the first line contains none outside quotes. */
function guessDelimiter(content: string): string | null {
  const firstLine = content.replace(/^[\r\n]+/, '').split(/\r\n?|\n/, 1)[0] ?? '';
  const bare = firstLine.replace(/"(?:[^"]|"")*"/g, '');
  const countOf = (delimiter: string): number => bare.split(delimiter).length - 1;
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
    else if (character === '\r') {
      // Line ends of Windows, and of old Macintosh programs.
      if (content[at + 1] === '\n') at++;
      endRow();
    } else cell += character;
  }
  if (isQuoted) throw new RangeError(`a quote in row ${rows.length + 1} is not closed`);
  if (cell !== '' || row.length > 0) endRow();
  return rows;
}
