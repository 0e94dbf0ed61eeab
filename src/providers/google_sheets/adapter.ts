/**
 * `google_sheets`: Sheets API v4 with a service account; an API key alone reads what anyone with the link may. One range
 * goes by the single calls, several by the batch calls, which Google counts as one request.
 *
 * https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values
 */
import Type from 'typebox';
import { renderSliced } from '../../encodings/sliced-json.ts';
import type { InputFault } from '../../errors.ts';
import { type AccessTokens, judgeTokenRefusal, TokenRefused } from '../access-tokens.ts';
import { isHeaderText, unsendable } from '../header-text.ts';
import {
  type Adapter,
  type ProviderAccount,
  type ProviderHttp,
  type ProviderReply,
  type ProviderRequest,
  TransportError,
  type Verdict,
} from '../provider.ts';
import { isObject } from '../reading.ts';
import { vendorRoot } from '../vendor-url.ts';
import { googleSheetsFacts } from './facts.ts';
import type { ReadOptions, SheetsChangeInput, SheetsLooked, SheetsLookInput } from './operations.ts';
import { faultsOfCredentials, readServiceAccountKey, type ServiceAccountKey } from './service-account.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { readCreated, readFoundSheets, readMarkers, readMetadata, readReplies, readTableEnd } from './sheets-wire.ts';
import { judgeRefusal, type RefusedVerdict, unusable } from './verdicts.ts';
import { parseReply, readClearedRanges, readUpdate, readUpdates, readValueRange, readValueRanges } from './wire.ts';

const origin = 'https://sheets.googleapis.com';
const driveOrigin = 'https://www.googleapis.com';
const basePaths = ['/v4/spreadsheets', '/v4'] as const;
const metadataFields =
  'spreadsheetId,properties(title,locale,timeZone),namedRanges(name,range),sheets(properties(sheetId,title,index,hidden,gridProperties(rowCount,columnCount,frozenRowCount,frozenColumnCount)),protectedRanges(range,description,warningOnly))';
const foundFields =
  'namedRanges(name,range),sheets.properties(sheetId,title,hidden,gridProperties(rowCount,columnCount))';
/** Which cells hold anything: no way leads past their values. */
const filledFields = `${foundFields},sheets.data(startRow,startColumn,rowData.values.effectiveValue)`;
const createdFields = 'spreadsheetId,spreadsheetUrl,sheets.properties(sheetId,title)';
/** Values may be large: a sheet of ten megabytes of text is read in one call. */
const maxReplyBytes = 64 * 1024 * 1024;
/** Nobody's: a probe asks for it and is told 404, unbilled. */
const probeId = 'integration-service-health-check';

/** `now` decides when a token is renewed. */
export function createGoogleSheets(now: () => number = Date.now): Adapter {
  const tokens = createServiceAccountTokens(now);

  return {
    name: 'google_sheets',
    serviceType: 'sheets',
    facts: googleSheetsFacts,
    configMembers: {
      formulas: Type.Union([Type.Literal('any'), Type.Literal('none')]),
      read_requests_per_minute: Type.Integer(),
      write_requests_per_minute: Type.Integer(),
    },
    faultsOf: ({ credentials, config }) => [...faultsOfCredentials(credentials), ...faultsOfConfig(config)],
    defaultBaseUrl: origin,
    secretsOf: (account) => {
      const key = readServiceAccountKey(account);
      return [key?.privateKey, account.apiKey].filter((secret) => typeof secret === 'string');
    },

    attempts: {
      async sheets_read({ spreadsheetId, ranges, ...options }, account, http) {
        const [only] = ranges;
        const query = readQuery(options);
        if (ranges.length === 1 && only !== undefined) {
          const path = `${encodePart(spreadsheetId)}/values/${encodePart(only)}?${query}`;
          return ask(tokens, account, http, { method: 'GET', path }, (json) => {
            const found = readValueRange(json);
            return found === null ? null : [found];
          });
        }
        const asked = ranges.map((range) => `ranges=${encodePart(range)}`).join('&');
        const path = `${encodePart(spreadsheetId)}/values:batchGet?${asked}&${query}`;
        return ask(tokens, account, http, { method: 'GET', path }, (json) => readValueRanges(json, ranges.length));
      },

      async sheets_write({ spreadsheetId, valueInputOption, data }, account, http) {
        const [only] = data;
        if (data.length === 1 && only !== undefined) {
          const path = `${encodePart(spreadsheetId)}/values/${encodePart(only.range)}?valueInputOption=${valueInputOption}`;
          const body = { range: only.range, majorDimension: 'ROWS', values: only.values };
          return ask(tokens, account, http, { method: 'PUT', path, body }, (json) => {
            const update = readUpdate(json);
            return update === null ? null : [update];
          });
        }
        const path = `${encodePart(spreadsheetId)}/values:batchUpdate`;
        const body = { valueInputOption, data: data.map((one) => ({ ...one, majorDimension: 'ROWS' })) };
        return ask(tokens, account, http, { method: 'POST', path, body }, (json) => readUpdates(json, data.length));
      },

      async sheets_append(change, account, http) {
        return ask(tokens, account, http, batchUpdate(change), readReplies);
      },

      async sheets_look(input, account, http) {
        return look(tokens, input, account, http);
      },

      async sheets_change(input, account, http) {
        switch (input.kind) {
          case 'change':
            return ask(tokens, account, http, batchUpdate(input), (json) => {
              const changed = readReplies(json);
              return changed && { kind: 'change', ...changed };
            });
          case 'create': {
            const body = { properties: { title: input.title }, sheets: input.sheets };
            const path = `?fields=${encodeURIComponent(createdFields)}`;
            return ask(tokens, account, http, { method: 'POST', path, body, repeatable: false }, readCreated);
          }
          case 'share': {
            const path = `/drive/v3/files/${encodePart(input.spreadsheetId)}/permissions?sendNotificationEmail=false`;
            const body = { type: 'user', role: input.role, emailAddress: input.email };
            return ask(tokens, account, http, { method: 'POST', path, body }, (json) =>
              isObject(json) ? { kind: 'share' } : null,
            );
          }
        }
      },

      async sheets_clear({ spreadsheetId, ranges }, account, http) {
        const [only] = ranges;
        const id = encodePart(spreadsheetId);
        const request =
          ranges.length === 1 && only !== undefined
            ? { path: `${id}/values/${encodePart(only)}:clear`, body: {} }
            : { path: `${id}/values:batchClear`, body: { ranges } };
        return ask(tokens, account, http, { method: 'POST', ...request }, (json) =>
          readClearedRanges(json, ranges.length),
        );
      },

      async sheets_metadata({ spreadsheetId }, account, http) {
        const path = `${encodePart(spreadsheetId)}?fields=${encodeURIComponent(metadataFields)}`;
        return ask(tokens, account, http, { method: 'GET', path }, readMetadata);
      },

      /** A token, and a question whose refusal shows that the API works for this account. */
      async health_check(_input, account, http) {
        const path = `${probeId}?fields=spreadsheetId`;
        const verdict = await ask(tokens, account, http, { method: 'GET', path }, (json) =>
          isObject(json) ? {} : null,
        );
        return verdict.kind === 'bad_input' ? { kind: 'ok', value: {} } : verdict;
      },
    },
  };
}

function batchUpdate({ spreadsheetId, requests }: SheetsChangeInput): Question {
  return { method: 'POST', path: `${encodePart(spreadsheetId)}:batchUpdate`, body: { requests }, repeatable: false };
}

async function look(
  tokens: AccessTokens<ServiceAccountKey>,
  input: SheetsLookInput,
  account: ProviderAccount,
  http: ProviderHttp,
): Promise<Verdict<SheetsLooked>> {
  const id = encodePart(input.spreadsheetId);
  switch (input.kind) {
    case 'end': {
      // An append of no cell changes nothing, and Google answers below which table it would have stood.
      const path = `${id}/values/${encodePart(input.range)}:append?valueInputOption=RAW&insertDataOption=OVERWRITE`;
      const body = { majorDimension: 'ROWS', values: [[]] };
      return ask(tokens, account, http, { method: 'POST', path, body }, (json) => {
        const end = readTableEnd(json);
        return end && { kind: 'end', end };
      });
    }
    case 'sheets': {
      const ranges = input.ranges.map((range) => `&ranges=${encodePart(range)}`).join('');
      const fields = encodeURIComponent(input.ranges.length === 0 ? foundFields : filledFields);
      const path = `${id}?prettyPrint=false&fields=${fields}${ranges}`;
      const question = {
        method: 'GET',
        path,
        maxReplyBytes: input.maxReplyBytes,
        tooLarge: { kind: 'too_large' },
      } as const;
      return ask<SheetsLooked>(tokens, account, http, question, (json) => {
        const found = readFoundSheets(json);
        return found && { kind: 'sheets', found };
      });
    }
    case 'markers': {
      const dataFilters = input.ids.map((metadataId) => ({ developerMetadataLookup: { metadataId } }));
      const path = `${id}/developerMetadata:search`;
      return ask(tokens, account, http, { method: 'POST', path, body: { dataFilters } }, (json) => {
        const markers = readMarkers(json);
        return markers && { kind: 'markers', markers };
      });
    }
  }
}

function faultsOfConfig(config: ProviderAccount['config']): readonly InputFault[] {
  const faults: InputFault[] = [];
  if (config.formulas !== undefined && config.formulas !== 'any' && config.formulas !== 'none') {
    faults.push({ path: 'config.formulas', message: 'must be "any", or "none" where no cell depends on others' });
  }
  for (const name of ['read_requests_per_minute', 'write_requests_per_minute']) {
    const value = config[name];
    const isRate = Number.isInteger(value) && Number(value) > 0;
    if (value !== undefined && !isRate)
      faults.push({ path: `config.${name}`, message: 'must be a whole number from 1' });
  }
  return faults;
}

export const googleSheets: Adapter = createGoogleSheets();

interface Question<Value = never> {
  readonly method: ProviderRequest['method'];
  /** After `/v4/spreadsheets/`, encoded; one that begins with `/` is another API's, and one with `?` asks there itself. */
  readonly path: string;
  readonly maxReplyBytes?: number;
  /** What a reply beyond that bound answers; by default it is refused: whoever asks can ask for less. */
  readonly tooLarge?: Value;
  readonly body?: unknown;
  /** Default true: doing it twice is as doing it once. */
  readonly repeatable?: boolean;
}

/** Not sent: Google would refuse the access (401), and what the key can read would be out of reach with it. */
const keyOnlyReads: Verdict<never> = {
  kind: 'bad_input',
  status: 403,
  message: 'This account has an API key alone, with which Google lets nobody write: it takes a service account',
};

/** Asks with a token, and once more with a new one where the old one is refused: a 401 means that nothing was done. */
async function ask<Value>(
  tokens: AccessTokens<ServiceAccountKey>,
  account: ProviderAccount,
  http: ProviderHttp,
  question: Question<Value>,
  read: (json: unknown) => Value | null,
): Promise<Verdict<Value>> {
  try {
    return await askWhole(tokens, account, http, question, read);
  } catch (error) {
    const isTooLarge = error instanceof TransportError && error.fault === 'too-large';
    if (!isTooLarge || question.method !== 'GET') throw error;
    return question.tooLarge === undefined ? tooLarge : { kind: 'ok', value: question.tooLarge };
  }
}

const tooLarge: Verdict<never> = {
  kind: 'bad_input',
  status: 413,
  message: `What was asked for is larger than ${maxReplyBytes / 1024 ** 2} MiB: ask for fewer rows at once`,
};

async function askWhole<Value>(
  tokens: AccessTokens<ServiceAccountKey>,
  account: ProviderAccount,
  http: ProviderHttp,
  question: Question<Value>,
  read: (json: unknown) => Value | null,
): Promise<Verdict<Value>> {
  const key = readServiceAccountKey(account);
  const repeatable = question.repeatable ?? true;
  if (key === null && account.apiKey === null) return { kind: 'denied', message: 'the service has no credentials' };
  if (key === null && question.method !== 'GET') return keyOnlyReads;
  if (key === null && !isHeaderText(account.apiKey ?? '')) return unsendable;
  const first = await send(tokens, key, account, http, question);
  if (!('reply' in first)) return first;
  let { reply } = first;
  if (reply.status === 401 && key !== null) {
    tokens.drop(key, first.token);
    const second = await send(tokens, key, account, http, question);
    if (!('reply' in second)) return second;
    reply = second.reply;
  }
  if (reply.status !== 200) return judgeRefusal(reply, repeatable, key?.email ?? null);
  const value = read(await parseReply(reply));
  return value === null ? unusable(repeatable) : { kind: 'ok', value };
}

async function send(
  tokens: AccessTokens<ServiceAccountKey>,
  key: ServiceAccountKey | null,
  account: ProviderAccount,
  http: ProviderHttp,
  question: Question<unknown>,
): Promise<{ reply: ProviderReply; token: string } | RefusedVerdict> {
  let token = '';
  try {
    if (key !== null) token = await tokens.tokenFor(key, http);
  } catch (error) {
    if (error instanceof TokenRefused) return judgeTokenRefusal(error);
    throw error;
  }
  const authorization: Record<string, string> =
    key === null ? { 'x-goog-api-key': account.apiKey ?? '' } : { authorization: `Bearer ${token}` };
  const reply = await http.send({
    method: question.method,
    url: urlOf(account, question.path),
    headers: {
      ...authorization,
      accept: 'application/json',
      ...(question.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(question.body !== undefined && { body: await renderSliced(question.body) }),
    maxReplyBytes: question.maxReplyBytes ?? maxReplyBytes,
  });
  return { reply, token };
}

/** The Drive API is at Google under another host, and beside the Sheets API wherever another base URL is set. */
function urlOf({ baseUrl }: ProviderAccount, path: string): string {
  const root = vendorRoot(baseUrl ?? origin, basePaths);
  if (path.startsWith('/')) return `${root === origin ? driveOrigin : root}${path}`;
  return `${root}/v4/spreadsheets${path.startsWith('?') ? '' : '/'}${path}`;
}

/** `encodeURIComponent`, and the two that Google's clients encode beyond it. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27').replaceAll('!', '%21');
}

function readQuery({ valueRenderOption, dateTimeRenderOption, majorDimension }: ReadOptions): string {
  return `majorDimension=${majorDimension}&valueRenderOption=${valueRenderOption}&dateTimeRenderOption=${dateTimeRenderOption}`;
}
