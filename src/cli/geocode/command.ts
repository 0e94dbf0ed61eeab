/** `geocode FILE.csv`: every row's address through the running service, resumable, and no address paid for twice. */
import { isUtf8 } from 'node:buffer';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { loadOrCreateServiceToken } from '../../secrets/development-keys.ts';
import { FolderInUse, lockFolder } from '../../storage/embedded/folder-lock.ts';
import { type Command, CommandFailed, type CommandInput, exitCodes, UsageError } from '../command.ts';
import { parseWhole, readTenant } from '../read-arguments.ts';
import type { Progress, Terminal } from '../terminal.ts';
import { type AskOptions, askService } from './ask-service.ts';
import { type CsvTable, harmlessCell, parseCsv, renderCsvRow } from './csv.ts';
import { type Answer, type Journal, openJournal } from './journal.ts';

const defaultConcurrency = 8;
const addressHeaders = ['address', 'адрес', 'manzil', 'full_address'];
const addedHeaders = [
  'latitude',
  'longitude',
  'formatted_address',
  'confidence',
  'location_type',
  'provider',
  'result',
];

export const geocodeCommand: Command = {
  name: 'geocode',
  operands: 'FILE.csv',
  summary: 'geocode a file over the running service; resumes where it stopped, never pays twice',
  notes: [
    'Writes FILE.geocoded.csv: the rows as they were, with seven columns added. Answers are kept in FILE.csv.geocode/:',
    'run the same command again after an interruption or a failure; remove that folder to ask afresh.',
  ],
  options: {
    column: {
      type: 'string',
      hint: 'NAME',
      help: `the column with the address (default: ${addressHeaders.join(', ')}, or the only one)`,
    },
    url: { type: 'string', hint: 'URL', help: 'the service (default http://localhost:PORT)' },
    token: { type: 'string', hint: 'TOKEN', help: 'default: the first of SERVICE_TOKENS, or the generated one' },
    tenant: { type: 'string', hint: 'ID', help: 'default MANAGEMENT_COMPANY_ID' },
    provider: { type: 'string', hint: 'NAME', help: 'ask this one only' },
    language: { type: 'string', hint: 'XX', help: 'default ru' },
    country: { type: 'string', hint: 'XX', help: 'default UZ' },
    'min-confidence': { type: 'string', hint: '0-1', help: 'answers below it count as not found' },
    concurrency: { type: 'string', hint: 'N', help: `requests at once (default ${defaultConcurrency})` },
  },
  async run({ terminal, config, interrupted }, input) {
    const [path, ...more] = input.positionals;
    if (path === undefined || more.length > 0) throw new UsageError('give one file');
    const table = await readTable(path);
    const column = addressColumn(table, input.text('column'));
    const addresses = table.rows.map((row) => row[column]?.trim() ?? '');
    const options = optionsOf(input);
    const questionOf = (address: string): string => JSON.stringify([address, options]);
    const concurrency = parseWhole('concurrency', input.text('concurrency'), defaultConcurrency, 1, 64);

    const folder = `${path}.geocode`;
    const lock = await lockFolder(folder).catch((error: unknown) => {
      if (error instanceof FolderInUse)
        throw new CommandFailed(`process ${error.processId} works on this file already`);
      throw error;
    });
    const journal = await openJournal(join(folder, 'answers.ndjson'));
    try {
      const open = [...new Set(addresses)].filter(
        (address) => address !== '' && !journal.answerTo(questionOf(address)),
      );
      const asking = { ...destinationOf(config(), input), options, interrupted };
      await askAll({ terminal, journal, asking, addresses: open, concurrency, questionOf });

      const answers = addresses.map((address) =>
        address === '' ? emptyAddress : journal.answerTo(questionOf(address)),
      );
      const output = `${path.replace(/\.csv$/i, '')}.geocoded.csv`;
      return await conclude({ terminal, table, answers, output, interrupted: interrupted.aborted });
    } finally {
      await journal.close();
      await lock.release();
    }
  },
};

const emptyAddress: Answer = { kind: 'refused', message: 'the address is empty' };

async function readTable(path: string): Promise<CsvTable> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CommandFailed(`${path} cannot be read`, cause);
  }
  // Half-read letters would be asked, and paid for, as addresses.
  if (!isUtf8(bytes)) throw new CommandFailed(`${path} is not UTF-8: save it as "CSV UTF-8"`);
  const text = bytes.toString('utf8');
  try {
    return parseCsv(text);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandFailed(`${path}: ${error.message}`);
    throw error;
  }
}

function addressColumn({ headers }: CsvTable, name: string | null): number {
  const wanted = name === null ? addressHeaders : [name.toLowerCase()];
  const found = headers.findIndex((header) => wanted.includes(header.trim().toLowerCase()));
  if (found >= 0) return found;
  if (name === null && headers.length === 1) return 0;
  throw new UsageError(`which column holds the address? --column one of: ${headers.join(', ')}`);
}

/** In a fixed order: they are part of what an answer is known by. */
function optionsOf(input: CommandInput): Record<string, string | number> {
  const options: Record<string, string | number> = {};
  for (const name of ['provider', 'language', 'country']) {
    const value = input.text(name);
    if (value !== null) options[name] = value;
  }
  const confidence = input.text('min-confidence');
  if (confidence !== null) {
    const value = Number(confidence);
    if (confidence.trim() === '' || !(value >= 0 && value <= 1))
      throw new UsageError('--min-confidence must be from 0 to 1');
    options.min_confidence = value;
  }
  return options;
}

function destinationOf(config: Config, input: CommandInput): Pick<AskOptions, 'url' | 'token' | 'tenant'> {
  const url = (input.text('url') ?? `http://localhost:${config.http.port}`).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError('--url must begin with http:// or https://');
  const token = input.text('token') ?? config.bootstrapTokens[0]?.token ?? null;
  if (token === null && config.production) throw new UsageError('--token must be given: there are no SERVICE_TOKENS');
  return {
    url,
    token: token ?? loadOrCreateServiceToken(config.dataDir),
    tenant: readTenant(input.text('tenant'), () => config.defaultTenant),
  };
}

interface AskAll {
  readonly terminal: Terminal;
  readonly journal: Journal;
  readonly asking: Omit<AskOptions, 'onWait'>;
  readonly addresses: readonly string[];
  readonly concurrency: number;
  questionOf(address: string): string;
}

/** The first refusal that holds for every row ends the run; what was answered by then is kept. */
async function askAll({ terminal, journal, asking, addresses, concurrency, questionOf }: AskAll): Promise<void> {
  const progress: Progress = terminal.progress('Geocoding', addresses.length);
  const stop = new AbortController();
  const interrupted = AbortSignal.any([asking.interrupted, stop.signal]);
  const queue = addresses.values();
  let done = 0;
  let waiting = '';
  const onWait = (seconds: number, reason: string): void => {
    waiting = `waiting ${Math.ceil(seconds)} s (${reason})`;
    progress.update(done, waiting);
  };

  const work = async (): Promise<void> => {
    for (const address of queue) {
      if (interrupted.aborted) return;
      const answer = await askService({ ...asking, interrupted, onWait }, address);
      if (answer === null) continue;
      await journal.keep(questionOf(address), answer);
      done++;
      waiting = '';
      progress.update(done, waiting);
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    work().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  progress.end();
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

interface Conclusion {
  readonly terminal: Terminal;
  readonly table: CsvTable;
  readonly answers: readonly (Answer | undefined)[];
  readonly output: string;
  readonly interrupted: boolean;
}

/** The result is written only when every row has an answer. The journal stays: a second run costs nothing. */
async function conclude({ terminal, table, answers, output, interrupted }: Conclusion): Promise<number> {
  const countOf = (kind: Answer['kind']): number => answers.filter((answer) => answer?.kind === kind).length;
  const left = answers.filter((answer) => answer === undefined).length;
  const counts = {
    rows: answers.length,
    found: countOf('found'),
    not_found: countOf('not_found'),
    refused: countOf('refused'),
    left,
  };
  if (left > 0) {
    const text = `${left} of ${answers.length} rows are left; what was answered is kept. Run the same command again.`;
    terminal.result({ ...counts, output: null }, text);
    return interrupted ? exitCodes.interrupted : exitCodes.failed;
  }
  const draft = `${output}.part`;
  await writeFile(draft, renderOutput(table, answers as readonly Answer[]));
  await rename(draft, output);
  const text = `${counts.found} found, ${counts.not_found} not found, ${counts.refused} refused: ${output}`;
  terminal.result({ ...counts, output }, text);
  return exitCodes.done;
}

function renderOutput({ headers, rows, delimiter }: CsvTable, answers: readonly Answer[]): string {
  const lines = [renderCsvRow([...headers, ...addedHeaders], delimiter)];
  for (const [index, row] of rows.entries()) {
    const padded = headers.map((_, column) => row[column] ?? '');
    lines.push(renderCsvRow([...padded, ...cellsOf(answers[index] as Answer)], delimiter));
  }
  return lines.join('');
}

function cellsOf(answer: Answer): string[] {
  if (answer.kind !== 'found') return ['', '', '', '', '', '', `${answer.kind}: ${answer.message}`];
  const { place } = answer;
  const cells = ['latitude', 'longitude', 'formatted_address', 'confidence', 'location_type', 'provider'];
  return [...cells.map((member) => cellOf(place[member])), 'found'];
}

function cellOf(value: unknown): string {
  return typeof value === 'string' ? harmlessCell(value) : String(value ?? '');
}
