/**
 * `google_sheets`: Sheets API v4 with a service account. An API key alone can only read spreadsheets that are shared by
 * link. One range uses the single-range calls, several use the batch calls, which Google counts as one request.
 *
 * https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values
 */
import Type from 'typebox';
import { type InputFault, words } from '../../errors.ts';
import { oneOf } from '../../schema-parts.ts';
import type { Adapter, ProviderAccount, ProviderHttp, Verdict } from '../provider.ts';
import { isObject } from '../reading.ts';
import { type Ask, createAsk, encodePart, type Question, sheetsOrigin } from './ask.ts';
import { googleSheetsFacts } from './facts.ts';
import type { ReadOptions, SheetsChangeInput, SheetsInspected, SheetsInspectInput } from './operations.ts';
import { faultsOfCredentials, readServiceAccountKey } from './service-account.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { readCreated, readFoundSheets, readMarkers, readMetadata, readReplies, readTableEnd } from './sheets-wire.ts';
import { readClearedRanges, readUpdate, readUpdates, readValueRange, readValueRanges } from './wire.ts';

const metadataFields =
  'spreadsheetId,properties(title,locale,timeZone),namedRanges(name,range),sheets(properties(sheetId,title,index,hidden,gridProperties(rowCount,columnCount,frozenRowCount,frozenColumnCount)),protectedRanges(range,description,warningOnly))';
const foundFields =
  'namedRanges(name,range),sheets.properties(sheetId,title,hidden,gridProperties(rowCount,columnCount))';
/** Shows which cells have content; the API offers no way to do so without their values. */
const filledFields = `${foundFields},sheets.data(startRow,startColumn,rowData.values.effectiveValue)`;
const createdFields = 'spreadsheetId,spreadsheetUrl,sheets.properties(sheetId,title)';
/** An id that does not exist: a probe reads it and gets a 404, which is not billed. */
const probeId = 'integration-service-health-check';

/** `now`: decides when a token is renewed. */
export function createGoogleSheets(now: () => number = Date.now): Adapter {
  const ask = createAsk(createServiceAccountTokens(now));

  return {
    name: 'google_sheets',
    serviceType: 'sheets',
    facts: googleSheetsFacts,
    configMembers: {
      formulas: oneOf(['any', 'none']),
      read_requests_per_minute: Type.Integer(),
      write_requests_per_minute: Type.Integer(),
    },
    faultsOf: ({ credentials, config }) => [...faultsOfCredentials(credentials), ...faultsOfConfig(config)],
    defaultBaseUrl: sheetsOrigin,
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
          return ask(account, http, { method: 'GET', path }, (json) => {
            const found = readValueRange(json);
            return found === null ? null : [found];
          });
        }
        const asked = ranges.map((range) => `ranges=${encodePart(range)}`).join('&');
        const path = `${encodePart(spreadsheetId)}/values:batchGet?${asked}&${query}`;
        return ask(account, http, { method: 'GET', path }, (json) => readValueRanges(json, ranges.length));
      },

      async sheets_write({ spreadsheetId, valueInputOption, data }, account, http) {
        const [only] = data;
        if (data.length === 1 && only !== undefined) {
          const path = `${encodePart(spreadsheetId)}/values/${encodePart(only.range)}?valueInputOption=${valueInputOption}`;
          const body = { range: only.range, majorDimension: 'ROWS', values: only.values };
          return ask(account, http, { method: 'PUT', path, body }, (json) => {
            const update = readUpdate(json);
            return update === null ? null : [update];
          });
        }
        const path = `${encodePart(spreadsheetId)}/values:batchUpdate`;
        const body = { valueInputOption, data: data.map((one) => ({ ...one, majorDimension: 'ROWS' })) };
        return ask(account, http, { method: 'POST', path, body }, (json) => readUpdates(json, data.length));
      },

      async sheets_append(change, account, http) {
        return ask(account, http, batchUpdate(change), readReplies);
      },

      async sheets_look(input, account, http) {
        return inspect(ask, input, account, http);
      },

      async sheets_change(input, account, http) {
        switch (input.kind) {
          case 'change':
            return ask(account, http, batchUpdate(input), (json) => {
              const changed = readReplies(json);
              return changed && { kind: 'change', ...changed };
            });
          case 'create': {
            const body = { properties: { title: input.title }, sheets: input.sheets };
            const path = `?fields=${encodeURIComponent(createdFields)}`;
            return ask(account, http, { method: 'POST', path, body, repeatable: false }, readCreated);
          }
          case 'share': {
            const path = `/drive/v3/files/${encodePart(input.spreadsheetId)}/permissions?sendNotificationEmail=false`;
            const body = { type: 'user', role: input.role, emailAddress: input.email };
            return ask(account, http, { method: 'POST', path, body }, (json) =>
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
        return ask(account, http, { method: 'POST', ...request }, (json) => readClearedRanges(json, ranges.length));
      },

      async sheets_metadata({ spreadsheetId }, account, http) {
        const path = `${encodePart(spreadsheetId)}?fields=${encodeURIComponent(metadataFields)}`;
        return ask(account, http, { method: 'GET', path }, readMetadata);
      },

      /** Gets a token and sends a request whose 404 shows that the API works for this account. */
      async health_check(_input, account, http) {
        const path = `${probeId}?fields=spreadsheetId`;
        const verdict = await ask(account, http, { method: 'GET', path }, (json) => (isObject(json) ? {} : null));
        return verdict.kind === 'bad_input' ? { kind: 'ok', value: {} } : verdict;
      },
    },
  };
}

function batchUpdate({ spreadsheetId, requests }: SheetsChangeInput): Question<never> {
  return { method: 'POST', path: `${encodePart(spreadsheetId)}:batchUpdate`, body: { requests }, repeatable: false };
}

async function inspect(
  ask: Ask,
  input: SheetsInspectInput,
  account: ProviderAccount,
  http: ProviderHttp,
): Promise<Verdict<SheetsInspected>> {
  const id = encodePart(input.spreadsheetId);
  switch (input.kind) {
    case 'end': {
      // An append of no cells changes nothing, and Google names the table below which it would have written.
      const path = `${id}/values/${encodePart(input.range)}:append?valueInputOption=RAW&insertDataOption=OVERWRITE`;
      const body = { majorDimension: 'ROWS', values: [[]] };
      return ask(account, http, { method: 'POST', path, body }, (json) => {
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
      return ask<SheetsInspected>(account, http, question, (json) => {
        const found = readFoundSheets(json);
        return found && { kind: 'sheets', found };
      });
    }
    case 'markers': {
      const dataFilters = input.ids.map((metadataId) => ({ developerMetadataLookup: { metadataId } }));
      const path = `${id}/developerMetadata:search`;
      return ask(account, http, { method: 'POST', path, body: { dataFilters } }, (json) => {
        const markers = readMarkers(json);
        return markers && { kind: 'markers', markers };
      });
    }
  }
}

function faultsOfConfig(config: ProviderAccount['config']): readonly InputFault[] {
  const faults: InputFault[] = [];
  if (config.formulas !== undefined && config.formulas !== 'any' && config.formulas !== 'none') {
    faults.push({
      path: 'config.formulas',
      ...words(
        'must be "any", or "none" where no cell depends on others',
        'ожидается any или none, если ячейки не зависят друг от друга',
      ),
    });
  }
  for (const name of ['read_requests_per_minute', 'write_requests_per_minute']) {
    const value = config[name];
    const isRate = Number.isInteger(value) && Number(value) > 0;
    if (value !== undefined && !isRate)
      faults.push({ path: `config.${name}`, ...words('must be a whole number from 1', 'ожидается целое число от 1') });
  }
  return faults;
}

export const googleSheets: Adapter = createGoogleSheets();

function readQuery({ valueRenderOption, dateTimeRenderOption, majorDimension }: ReadOptions): string {
  return `majorDimension=${majorDimension}&valueRenderOption=${valueRenderOption}&dateTimeRenderOption=${dateTimeRenderOption}`;
}
