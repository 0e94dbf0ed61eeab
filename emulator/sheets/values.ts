/** The calls under `spreadsheets.values`. The verb is cut off the raw path before the range is decoded: a range holds `:`. */
import { ApiError, badField } from './api-error.ts';
import type { DateTimeOption, RenderOption } from './cell.ts';
import {
  appendRows,
  type Dimension,
  type InputOption,
  parseRows,
  planClear,
  planUpdate,
  type ReadOptions,
  readValues,
  type UpdateResult,
} from './spreadsheet.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export interface ValuesCall {
  readonly method: string;
  readonly path: RegExp;
  readonly changes: boolean;
  answer(spreadsheet: SpreadsheetState, range: string, query: URLSearchParams, body: () => Json): object;
}

type Json = Readonly<Record<string, unknown>>;

const base = '^\\/v4\\/spreadsheets\\/([^/]+)\\/values';

export const valuesCalls: readonly ValuesCall[] = [
  {
    method: 'GET',
    path: new RegExp(`${base}:batchGet$`),
    changes: false,
    answer(spreadsheet, _range, query) {
      const options = readOptions(query);
      return {
        spreadsheetId: spreadsheet.id,
        valueRanges: query.getAll('ranges').map((range) => readValues(spreadsheet, range, options)),
      };
    },
  },
  {
    method: 'POST',
    path: new RegExp(`${base}:batchUpdate$`),
    changes: true,
    answer: (spreadsheet, _range, _query, body) => batchUpdate(spreadsheet, body()),
  },
  {
    method: 'POST',
    path: new RegExp(`${base}:batchClear$`),
    changes: true,
    answer(spreadsheet, _range, _query, body) {
      const { ranges = [] } = body();
      if (!Array.isArray(ranges) || ranges.some((range) => typeof range !== 'string')) {
        throw badField('ranges', `Invalid value at 'ranges' (TYPE_STRING), ${JSON.stringify(ranges)}`);
      }
      // Planned together before any is done: all or nothing.
      const plans = ranges.map((range: string) => planClear(spreadsheet, range));
      return { spreadsheetId: spreadsheet.id, clearedRanges: plans.map((clear) => clear()) };
    },
  },
  {
    method: 'GET',
    path: new RegExp(`${base}\\/([^/]+)$`),
    changes: false,
    answer: (spreadsheet, range, query) => readValues(spreadsheet, range, readOptions(query)),
  },
  {
    method: 'PUT',
    path: new RegExp(`${base}\\/([^/]+)$`),
    changes: true,
    answer(spreadsheet, range, query, body) {
      const given = body();
      if (typeof given.range === 'string' && given.range !== range) {
        throw new ApiError(
          400,
          `Requested writing within range [${range}], but the range in the body is [${given.range}].`,
        );
      }
      const rows = parseRows(given.values, dimensionOf(given), 'data');
      const result = planUpdate(spreadsheet, range, rows, inputOption(query.get('valueInputOption')))();
      return withWritten(spreadsheet, query, { spreadsheetId: spreadsheet.id, ...result });
    },
  },
  {
    method: 'POST',
    path: new RegExp(`${base}\\/([^/]+):append$`),
    changes: true,
    answer(spreadsheet, range, query, body) {
      const given = body();
      const rows = parseRows(given.values, dimensionOf(given), 'data');
      const insert = query.get('insertDataOption') === 'INSERT_ROWS' ? 'INSERT_ROWS' : 'OVERWRITE';
      const input = inputOption(query.get('valueInputOption'));
      const { tableRange, updates } = appendRows(spreadsheet, range, rows, input, insert);
      return {
        spreadsheetId: spreadsheet.id,
        ...(tableRange && { tableRange }),
        updates: withWritten(spreadsheet, query, { spreadsheetId: spreadsheet.id, ...updates }),
      };
    },
  },
  {
    method: 'POST',
    path: new RegExp(`${base}\\/([^/]+):clear$`),
    changes: true,
    answer: (spreadsheet, range) => ({
      spreadsheetId: spreadsheet.id,
      clearedRange: planClear(spreadsheet, range)(),
    }),
  },
];

function batchUpdate(spreadsheet: SpreadsheetState, body: Json): object {
  const input = inputOption(body.valueInputOption);
  if (!Array.isArray(body.data)) throw badField('data', "Invalid value at 'data': a list is needed");
  const plans = (body.data as Json[]).map((one, index) => {
    if (typeof one?.range !== 'string') throw new ApiError(400, `Invalid data[${index}]: no range`);
    try {
      return planUpdate(spreadsheet, one.range, parseRows(one.values, dimensionOf(one), `data[${index}]`), input);
    } catch (error) {
      if (!(error instanceof ApiError) || error.details !== undefined) throw error;
      throw new ApiError(error.status, `Invalid data[${index}]: ${error.message}`);
    }
  });
  const results = plans.map((write) => write());
  return {
    spreadsheetId: spreadsheet.id,
    totalUpdatedRows: distinct(results, rowsOf),
    totalUpdatedColumns: distinct(results, columnsOf),
    totalUpdatedCells: results.reduce((sum, { updatedCells = 0 }) => sum + updatedCells, 0),
    totalUpdatedSheets: new Set(results.map(({ updatedRange }) => updatedRange.slice(0, updatedRange.lastIndexOf('!'))))
      .size,
    responses: results.map((result) => ({ spreadsheetId: spreadsheet.id, ...result })),
  };
}

/** Recorded: two rows of the same four columns count as two rows and four columns. */
function distinct(results: readonly UpdateResult[], namesOf: (result: UpdateResult) => string[]): number {
  return new Set(results.flatMap(namesOf)).size;
}

function rowsOf({ updatedRange, updatedRows = 0 }: UpdateResult): string[] {
  const [sheet, area = ''] = splitRange(updatedRange);
  const first = Number(/\d+/.exec(area)?.[0] ?? 1);
  return Array.from({ length: updatedRows }, (_, offset) => `${sheet}!${first + offset}`);
}

function columnsOf({ updatedRange, updatedColumns = 0 }: UpdateResult): string[] {
  const [sheet, area = ''] = splitRange(updatedRange);
  const letters = /[A-Z]+/.exec(area)?.[0] ?? 'A';
  const first = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return Array.from({ length: updatedColumns }, (_, offset) => `${sheet}!${first + offset}`);
}

function splitRange(range: string): [string, string] {
  const at = range.lastIndexOf('!');
  return [range.slice(0, at), range.slice(at + 1)];
}

function withWritten<Result extends UpdateResult>(
  spreadsheet: SpreadsheetState,
  query: URLSearchParams,
  result: Result,
): Result & { updatedData?: object } {
  if (query.get('includeValuesInResponse')?.toLowerCase() !== 'true') return result;
  const options = { ...readOptions(query), ...responseOptions(query) };
  return { ...result, updatedData: readValues(spreadsheet, result.updatedRange, options) };
}

function readOptions(query: URLSearchParams): ReadOptions {
  return {
    majorDimension: query.get('majorDimension') === 'COLUMNS' ? 'COLUMNS' : 'ROWS',
    render: renderOption(query.get('valueRenderOption')),
    dateTime: dateTimeOption(query.get('dateTimeRenderOption')),
  };
}

function responseOptions(query: URLSearchParams): Partial<ReadOptions> {
  return {
    render: renderOption(query.get('responseValueRenderOption')),
    dateTime: dateTimeOption(query.get('responseDateTimeRenderOption')),
  };
}

function renderOption(value: string | null): RenderOption {
  if (value === null || value === '' || value === 'FORMATTED_VALUE') return 'FORMATTED_VALUE';
  if (value === 'UNFORMATTED_VALUE' || value === 'FORMULA') return value;
  throw badEnum('value_render_option', 'ValueRenderOption', value);
}

function dateTimeOption(value: string | null): DateTimeOption {
  if (value === null || value === '' || value === 'SERIAL_NUMBER') return 'SERIAL_NUMBER';
  if (value === 'FORMATTED_STRING') return value;
  throw badEnum('date_time_render_option', 'DateTimeRenderOption', value);
}

function inputOption(value: unknown): InputOption {
  if (value === 'RAW' || value === 'USER_ENTERED') return value;
  if (value === undefined || value === null || value === 'INPUT_VALUE_OPTION_UNSPECIFIED') {
    throw new ApiError(400, "'valueInputOption' is required but not specified");
  }
  throw badEnum('value_input_option', 'ValueInputOption', String(value));
}

function badEnum(field: string, type: string, value: string): ApiError {
  const message = `Invalid value at '${field}' (type.googleapis.com/google.apps.sheets.v4.${type}), "${value}"`;
  return badField(field, message);
}

function dimensionOf({ majorDimension }: Json): Dimension {
  return majorDimension === 'COLUMNS' ? 'COLUMNS' : 'ROWS';
}
