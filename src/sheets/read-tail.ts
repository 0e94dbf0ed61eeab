/**
 * `tail: n` of a read: finds the last n rows of a range by reading from the end of the grid upwards. Blank windows cost
 * next to nothing.
 */
import { invalidInput } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import type { Cell } from '../providers/google_sheets/operations.ts';
import { printFound } from './a1.ts';
import { type Describe, findWorksheet } from './describe.ts';
import type { ReadQuestion, ReadRangeOf } from './read-range.ts';

const firstWindowRows = 500;

export async function readTail(
  deps: { readonly read: ReadRangeOf; readonly describe: Describe },
  caller: Caller,
  question: ReadQuestion,
  count: number,
  signal: AbortSignal,
): Promise<CallResult> {
  const { range, spreadsheetId } = question;
  if (question.majorDimension !== 'ROWS') throw invalidInput('tail', 'counts rows: major_dimension must be ROWS');
  const wanted = range.kind === 'area' ? range.title : range.kind === 'sheet' ? range.title : range.name;
  const sheet = findWorksheet(await deps.describe(spreadsheetId), wanted);
  if (sheet === undefined) throw invalidInput('tail', `takes a range of a sheet, and there is no sheet "${wanted}"`);
  const area = range.kind === 'area' ? range.area : { startRow: 0, endRow: null, startColumn: 0, endColumn: null };
  const columns = { startColumn: area.startColumn, endColumn: area.endColumn };
  const gridEnd = Math.min(area.endRow ?? sheet.row_count, sheet.row_count);

  let rows: (readonly Cell[])[] = [];
  let from = gridEnd;
  let call: CallResult | null = null;
  for (
    let size = Math.max(count, firstWindowRows);
    rows.length < count && (from > area.startRow || call === null);
    size *= 2
  ) {
    const start = Math.max(area.startRow, from - size);
    const window = { startRow: start, endRow: Math.max(from, start + 1), ...columns };
    call = await deps.read(caller, { ...question, range: { kind: 'area', title: sheet.title, area: window } }, signal);
    const { values } = JSON.parse(call.body.toString()) as { values: Cell[][] };
    const gap = rows.length === 0 ? 0 : from - start - values.length;
    rows = [...values, ...Array.from({ length: gap }, () => []), ...rows];
    from = start;
  }
  const last = rows.slice(-count);
  const startRow = from + rows.length - last.length;
  const width = last.reduce((most, row) => Math.max(most, row.length), 0);
  const endColumn = Math.min(area.endColumn ?? sheet.column_count, sheet.column_count);
  const body = {
    values: last,
    range: printFound(sheet.title, {
      startRow,
      endRow: Math.max(startRow + 1, from + rows.length),
      ...columns,
      endColumn,
    }),
    row_count: last.length,
    column_count: width,
    cached: call?.cacheOutcome.startsWith('HIT') ?? false,
  };
  return { ...(call as CallResult), body: Buffer.from(JSON.stringify(body)) };
}

/** The rows of a read's answer as lines of JSON. */
export function linesOf(body: Buffer): Buffer {
  const { values } = JSON.parse(body.toString()) as { values: unknown[] };
  return Buffer.from(values.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
