/** What a spreadsheet's sheets are called and how large they are, for calls that name a sheet by its gid or count its rows. */
import { ServiceError } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import type { SpreadsheetMetadata, Worksheet } from '../providers/google_sheets/operations.ts';
import { foldTitle } from './a1.ts';

export type Describe = (spreadsheetId: string) => Promise<SpreadsheetMetadata>;

type AskMetadata = (caller: Caller, spreadsheetId: string, signal: AbortSignal) => Promise<CallResult>;

/** For a change: asked afresh, since another sheet may have the title by now. Asks once, however often it is used. */
export function describeNow(
  metadata: AskMetadata,
  caller: Caller,
  signal: AbortSignal = new AbortController().signal,
): Describe {
  const cacheMode = caller.cacheMode === 'off' ? 'off' : 'refresh';
  let asking: Promise<CallResult> | null = null;
  return async (spreadsheetId) => {
    asking ??= metadata({ ...caller, cacheMode }, spreadsheetId, signal);
    return parse(await asking);
  };
}

/**
 * Runs a read that depends on the description, which may come from the cache. If the read is refused, people may have
 * added, renamed or shortened a sheet meanwhile, so it runs once more with the current description.
 */
export async function readDescribed<Result>(
  metadata: AskMetadata,
  caller: Caller,
  signal: AbortSignal,
  read: (describe: Describe) => Promise<Result>,
): Promise<Result> {
  let isOld = false;
  const describe = async (spreadsheetId: string): Promise<SpreadsheetMetadata> => {
    const call = await metadata(caller, spreadsheetId, signal);
    isOld ||= call.cacheOutcome !== 'MISS';
    return parse(call);
  };
  try {
    return await read(describe);
  } catch (error) {
    const isRefused = error instanceof ServiceError && ['INVALID_REQUEST', 'NOT_FOUND'].includes(error.code);
    if (!isOld || !isRefused) throw error;
    return read(describeNow(metadata, caller, signal));
  }
}

function parse({ body }: CallResult): SpreadsheetMetadata {
  return JSON.parse(body.toString()) as SpreadsheetMetadata;
}

/** By title, or the first visible sheet. */
export function findWorksheet({ worksheets }: SpreadsheetMetadata, title: string | null): Worksheet | undefined {
  if (title === null) return worksheets.find(({ hidden }) => !hidden);
  return worksheets.find((sheet) => foldTitle(sheet.title) === foldTitle(title));
}
