/** `geocode FILE.csv`: geocodes every row through the running service; resumable, and no address is paid for twice. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { loadOrCreateServiceToken } from '../../secrets/development-keys.ts';
import { FolderInUse, lockFolder } from '../../storage/embedded/folder-lock.ts';
import { type Command, CommandFailed, type CommandInput, exitCodes, UsageError } from '../command.ts';
import { parseWhole, readTenant } from '../read-arguments.ts';
import type { Progress, Terminal } from '../terminal.ts';
import { createAnswerDeadline } from './answer-deadline.ts';
import { type AskOptions, askService } from './ask-service.ts';
import { type CsvTable, harmlessCell, parseCsv, renderCsvRow } from './csv.ts';
import { type Answer, type Journal, openJournal, type Pending } from './journal.ts';
import { decodeFile, encodings } from './read-file.ts';

const defaultConcurrency = 8;
const defaultMaxWaitSeconds = 300;
const addressHeaders = ['address', 'адрес', 'manzil', 'манзил', 'full_address'];
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
    'Rows without a sure answer (an outage, a spent limit) are "pending": the exit code is 1, and the next run asks them again.',
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
    'max-wait': {
      type: 'string',
      hint: 'SECONDS',
      help: `wait so long for limits to open while nothing is answered (default ${defaultMaxWaitSeconds})`,
    },
    encoding: { type: 'string', hint: 'NAME', help: `of the file: ${encodings.join(', ')} (default utf-8)` },
    concurrency: { type: 'string', hint: 'N', help: `requests at once (default ${defaultConcurrency})` },
  },
  async run({ terminal, config, interrupted }, input) {
    const [path, ...more] = input.positionals;
    if (path === undefined || more.length > 0) throw new UsageError('give one file');
    const table = await readTable(path, input);
    const column = addressColumn(table, input.text('column'));
    const addresses = table.rows.map((row) => row[column]?.trim() ?? '');
    const options = optionsOf(input);
    const questionOf = (address: string): string => JSON.stringify([address, options]);
    const concurrency = parseWhole('concurrency', input.text('concurrency'), defaultConcurrency, 1, 64);

    const maxWaitSeconds = parseWhole('max-wait', input.text('max-wait'), defaultMaxWaitSeconds, 0, 86_400);

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
      const answerDeadline = createAnswerDeadline(maxWaitSeconds);
      const asking = { ...destinationOf(config(), input), options, interrupted, answerDeadline };
      const pending = await askAll({ terminal, journal, asking, addresses: open, concurrency, questionOf });

      const answers = addresses.map((address) =>
        address === '' ? emptyAddress : (journal.answerTo(questionOf(address)) ?? pending.get(address)),
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

async function readTable(path: string, input: CommandInput): Promise<CsvTable> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CommandFailed(`${path} cannot be read`, cause);
  }
  const text = decodeFile(path, bytes, input.text('encoding'));
  const wanted = wantedHeaders(input.text('column'));
  try {
    return parseCsv(text, (cell) => wanted.includes(cell.trim().toLowerCase()));
  } catch (error) {
    if (error instanceof RangeError) throw new CommandFailed(`${path}: ${error.message}`);
    throw error;
  }
}

function wantedHeaders(name: string | null): readonly string[] {
  return name === null ? addressHeaders : [name.trim().toLowerCase()];
}

function addressColumn({ headers }: CsvTable, name: string | null): number {
  const wanted = wantedHeaders(name);
  const found = headers.findIndex((header) => wanted.includes(header.trim().toLowerCase()));
  if (found >= 0) return found;
  if (name === null && headers.length === 1) return 0;
  throw new UsageError(`which column holds the address? --column one of: ${headers.join(', ')}`);
}

/** In a fixed order, because they are part of an answer's key. */
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

/**
 * The addresses that stay pending, with the reason. The first refusal that applies to every row ends the run; earlier
 * answers are kept.
 */
async function askAll(all: AskAll): Promise<ReadonlyMap<string, Pending>> {
  const { terminal, journal, asking, addresses, concurrency, questionOf } = all;
  const pending = new Map<string, Pending>();
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
      if (answer.kind === 'pending') {
        pending.set(address, answer);
        continue;
      }
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
  return pending;
}

type Outcome = Answer | Pending;

interface Conclusion {
  readonly terminal: Terminal;
  readonly table: CsvTable;
  readonly answers: readonly (Outcome | undefined)[];
  readonly output: string;
  readonly interrupted: boolean;
}

/**
 * The result is written when every row was asked, with pending ones marked. The journal stays: a second run costs
 * nothing.
 */
async function conclude({ terminal, table, answers, output, interrupted }: Conclusion): Promise<number> {
  const countOf = (kind: Outcome['kind']): number => answers.filter((answer) => answer?.kind === kind).length;
  const pending = countOf('pending');
  const unasked = answers.filter((answer) => answer === undefined).length;
  const counts = {
    rows: answers.length,
    found: countOf('found'),
    not_found: countOf('not_found'),
    refused: countOf('refused'),
    pending,
    left: pending + unasked,
  };
  if (unasked > 0 || interrupted) {
    const text = `${counts.left} of ${answers.length} rows are left; what was answered is kept. Run the same command again.`;
    terminal.result({ ...counts, output: null }, text);
    return interrupted ? exitCodes.interrupted : exitCodes.failed;
  }
  const draft = `${output}.part`;
  await writeFile(draft, renderOutput(table, answers as readonly Outcome[]));
  await rename(draft, output);
  const text = `${counts.found} found, ${counts.not_found} not found, ${counts.refused} refused, ${pending} pending: ${output}`;
  terminal.result(
    { ...counts, output },
    pending === 0 ? text : `${text}\nRun the same command again for the pending rows.`,
  );
  return pending === 0 ? exitCodes.done : exitCodes.failed;
}

function renderOutput({ headers, rows, delimiter, hasByteOrderMark }: CsvTable, answers: readonly Outcome[]): string {
  const lines = [renderCsvRow([...headers, ...addedHeaders], delimiter)];
  for (const [index, row] of rows.entries()) {
    const padded = headers.map((_, column) => row[column] ?? '');
    lines.push(renderCsvRow([...padded, ...cellsOf(answers[index] as Outcome)], delimiter));
  }
  return `${hasByteOrderMark ? '\uFEFF' : ''}${lines.join('')}`;
}

function cellsOf(answer: Outcome): string[] {
  if (answer.kind !== 'found') return ['', '', '', '', '', '', `${answer.kind}: ${answer.message}`];
  const { place } = answer;
  const cells = ['latitude', 'longitude', 'formatted_address', 'confidence', 'location_type', 'provider'];
  return [...cells.map((member) => cellOf(place[member])), 'found'];
}

function cellOf(value: unknown): string {
  return typeof value === 'string' ? harmlessCell(value) : String(value ?? '');
}
