/**
 * Google Sheets API v4: `spreadsheets.values.*`, `spreadsheets.get`, `create` and `batchUpdate`, behind tokens of the
 * emulated token endpoint (an API key reads what is shared with everyone), with Google's quotas by user and by project.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Control } from '../control.ts';
import {
  type AccessToken,
  type ServiceAccount,
  type ServiceAccounts,
  serviceAccountsOf,
} from '../oauth/service-accounts.ts';
import { type CreateVendor, type EmulatorReply, type EmulatorRequest, jsonReply, type Route } from '../vendor.ts';
import { ApiError, errorReply, keyCannotWrite, keyNotValid, notFound, quotaExceeded } from './api-error.ts';
import { applyRequests } from './batch-update.ts';
import { createSpreadsheet } from './create.ts';
import { rangesOfFilters } from './data-filters.ts';
import { describeSpreadsheet } from './describe.ts';
import { applyMask } from './field-mask.ts';
import { resourceOf, searchDeveloperMetadata } from './metadata-requests.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';
import { SpreadsheetStore } from './store.ts';
import { type ValuesCall, valuesCalls } from './values.ts';

export const sheetsVendorName = 'google_sheets';
const readScopes = ['spreadsheets', 'spreadsheets.readonly', 'drive', 'drive.readonly', 'drive.file'];
const writeScopes = ['spreadsheets', 'drive', 'drive.file'];
const perUser = 60;
const perProject = 300;

export const createGoogleSheets: CreateVendor = ({ control, dataDir, ...context }) => {
  const accounts = serviceAccountsOf({ control, dataDir, ...context });
  const store = new SpreadsheetStore(dataDir);

  /** The user's quota is spent by the frame; the project's, which all its accounts share, is spent here. */
  function spendProjectQuota(request: EmulatorRequest): void {
    const kind = kindOf(request);
    const { projectId } = callerOf(accounts, request) as ServiceAccount;
    if (!control.spendQuota(sheetsVendorName, `project:${projectId}`, `project_${kind}`).granted) {
      const limit = control.quotaOf(sheetsVendorName, `project_${kind}`) ?? 0;
      throw quotaExceeded(kind, 'project', limit, projectId);
    }
  }

  function open(request: EmulatorRequest, rawId: string): SpreadsheetState {
    const spreadsheet = store.open(decodeURIComponent(rawId));
    if (spreadsheet === null) throw notFound();
    const { email } = callerOf(accounts, request) as ServiceAccount;
    if (spreadsheet.sharedWith !== null && !spreadsheet.sharedWith.includes(email)) {
      throw new ApiError(403, 'The caller does not have permission');
    }
    return spreadsheet;
  }

  const route = (
    method: string,
    path: RegExp,
    answer: (request: EmulatorRequest, match: RegExpExecArray) => object,
  ): Route => ({
    method,
    path,
    handle(request, match) {
      try {
        spendProjectQuota(request);
        return jsonReply(200, answer(request, match), request.query.get('prettyPrint') === 'false' ? 0 : 2);
      } catch (error) {
        return errorReply(asApiError(error));
      }
    },
  });

  const valuesRoute = (call: ValuesCall): Route =>
    route(call.method, call.path, (request, match) => {
      const spreadsheet = open(request, match[1] as string);
      const range = match[2] === undefined ? '' : decodeURIComponent(match[2]);
      const answer = call.answer(spreadsheet, range, request.query, () => parseBody(request));
      if (call.changes) store.changed(spreadsheet.id);
      return applyIfMasked(answer, request.query.get('fields'));
    });

  return {
    name: sheetsVendorName,
    perMinuteQuotas: {
      read: perUser,
      write: perUser,
      project_read: perProject,
      project_write: perProject,
    },
    quotaClassOf: kindOf,
    accountOf: (request) => callerOf(accounts, request)?.email ?? null,
    authorize: (request) => refuseUnlessAuthorized(control, accounts, request),
    refuse(refusal, request) {
      if (refusal === 'internal_error') return errorReply(new ApiError(500, 'Internal error encountered.'));
      if (refusal === 'request_denied') return errorReply(new ApiError(403, 'The caller does not have permission'));
      const kind = kindOf(request);
      const projectId = callerOf(accounts, request)?.projectId ?? '0';
      return errorReply(quotaExceeded(kind, 'user', control.quotaOf(sheetsVendorName, kind) ?? 0, projectId));
    },
    routes: [
      ...valuesCalls.map(valuesRoute),
      route('POST', /^\/v4\/spreadsheets$/, (request) => {
        const spreadsheet = createSpreadsheet(randomBytes(33).toString('base64url'), parseBody(request));
        store.put(spreadsheet);
        return applyMask(
          describeSpreadsheet(spreadsheet, { ranges: [], includeGridData: false }),
          request.query.get('fields'),
        );
      }),
      route('POST', /^\/v4\/spreadsheets\/([^/:]+)\/developerMetadata:search$/, (request, match) =>
        searchDeveloperMetadata(open(request, match[1] as string), parseBody(request)),
      ),
      route('GET', /^\/v4\/spreadsheets\/([^/:]+)\/developerMetadata\/(\d+)$/, (request, match) => {
        const kept = open(request, match[1] as string).developerMetadata ?? [];
        const found = kept.find(({ metadataId }) => metadataId === Number(match[2]));
        if (found === undefined) throw notFound();
        return resourceOf(found);
      }),
      route('POST', /^\/v4\/spreadsheets\/([^/:]+)\/?:getByDataFilter$/, (request, match) => {
        const spreadsheet = open(request, match[1] as string);
        const { dataFilters, includeGridData } = parseBody(request);
        const ranges = rangesOfFilters(spreadsheet, dataFilters);
        return applyMask(
          describeSpreadsheet(spreadsheet, {
            ranges,
            includeGridData: includeGridData === true,
            includeSizes: wantsSizes(request.query.get('fields')),
          }),
          request.query.get('fields'),
        );
      }),
      route('POST', /^\/v4\/spreadsheets\/([^/:]+)\/?:batchUpdate$/, (request, match) => {
        const spreadsheet = open(request, match[1] as string);
        const { requests, ...wanted } = parseBody(request) as BatchUpdateBody;
        if (!Array.isArray(requests) || requests.length === 0) {
          throw new ApiError(400, 'Invalid value at requests: Must specify at least one request.');
        }
        const { changed, replies } = applyRequests(spreadsheet, requests);
        Object.assign(spreadsheet, changed);
        store.changed(spreadsheet.id);
        return {
          spreadsheetId: spreadsheet.id,
          replies,
          ...(wanted.includeSpreadsheetInResponse === true && {
            updatedSpreadsheet: describeSpreadsheet(spreadsheet, {
              ranges: wanted.responseRanges ?? [],
              includeGridData: wanted.responseIncludeGridData === true,
              includeSizes: true,
            }),
          }),
        };
      }),
      route('GET', /^\/v4\/spreadsheets\/([^/:]+)\/?$/, (request, match) => {
        const spreadsheet = open(request, match[1] as string);
        const fields = request.query.get('fields');
        const asksForCells = request.query.get('includeGridData') === 'true' || /\bdata\b/.test(fields ?? '');
        return applyMask(
          describeSpreadsheet(spreadsheet, {
            ranges: request.query.getAll('ranges'),
            includeGridData: asksForCells,
            includeSizes: wantsSizes(fields),
          }),
          fields,
        );
      }),
      route('POST', /^\/drive\/v3\/files\/([^/]+)\/permissions$/, (request, match) => {
        const spreadsheet = open(request, match[1] as string);
        const { type, role, emailAddress } = parseBody(request);
        if (type !== 'user' || typeof emailAddress !== 'string' || !emailAddress.includes('@')) {
          throw new ApiError(400, 'The emulator shares with users, by their emailAddress.');
        }
        if (!['reader', 'commenter', 'writer'].includes(String(role))) {
          throw new ApiError(400, `The specified role ${String(role)} is not valid.`);
        }
        if (spreadsheet.sharedWith !== null) spreadsheet.sharedWith = [...spreadsheet.sharedWith, emailAddress];
        store.changed(spreadsheet.id);
        return { kind: 'drive#permission', id: String(randomInt(1, 2_147_483_647)), type, role };
      }),
      ...['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].map((method) =>
        route(method, /^\/v4\/spreadsheets(?:[/:].*)?$/, (request) => {
          const call = request.rawPath.replace(/^(\/v4\/spreadsheets\/)[^/:]+/, '$1{spreadsheetId}');
          throw new ApiError(400, `The emulator does not support ${method} ${call}.`);
        }),
      ),
      {
        method: 'POST',
        path: /^\/__emulator\/spreadsheets\/([^/]+)$/,
        handle: (request, match) => arrange(store, decodeURIComponent(match[1] as string), request),
      },
    ],
    close: () => store.save(),
  };
};

interface BatchUpdateBody {
  readonly requests?: unknown[];
  readonly includeSpreadsheetInResponse?: boolean;
  readonly responseRanges?: string[];
  readonly responseIncludeGridData?: boolean;
}

/** Reads and writes are counted apart; batchGet is a read although its siblings write, and so is what only searches. */
function kindOf(request: EmulatorRequest): 'read' | 'write' {
  return request.method === 'GET' || /:(?:search|getByDataFilter)$/.test(request.rawPath) ? 'read' : 'write';
}

/** Whose quota is spent: a key names a project, and no user to share a file with. */
function callerOf(accounts: ServiceAccounts, request: EmulatorRequest): ServiceAccount | null {
  const key = isAnonymous(request) ? keyOf(request) : null;
  if (key !== null) return { email: `key ${key}`, projectId: `of key ${key}`, publicKey: null };
  return tokenOf(accounts, request)?.account ?? null;
}

function isAnonymous(request: EmulatorRequest): boolean {
  return request.headers.authorization === undefined && !request.query.has('access_token');
}

/** null: none was sent. */
function keyOf({ query, headers }: EmulatorRequest): string | null {
  const header = headers['x-goog-api-key'];
  return query.get('key') || (typeof header === 'string' && header !== '' ? header : null);
}

function tokenOf(accounts: ServiceAccounts, request: EmulatorRequest): AccessToken | null {
  const header = request.headers.authorization;
  const bearer = typeof header === 'string' ? /^Bearer (.+)$/i.exec(header)?.[1] : undefined;
  const token = bearer ?? request.query.get('access_token');
  return token === null || token === undefined ? null : accounts.resolveToken(token);
}

function refuseUnlessAuthorized(
  control: Pick<Control, 'isKeyBad'>,
  accounts: ServiceAccounts,
  request: EmulatorRequest,
): EmulatorReply | null {
  if (request.rawPath.startsWith('/__emulator/')) return null;
  if (isAnonymous(request)) {
    const key = keyOf(request);
    if (key !== null && control.isKeyBad(sheetsVendorName, key)) return errorReply(keyNotValid());
    if (key !== null) return kindOf(request) === 'read' ? null : errorReply(keyCannotWrite());
    return errorReply(
      new ApiError(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      ),
    );
  }
  const token = tokenOf(accounts, request);
  if (token === null) {
    return errorReply(
      new ApiError(
        401,
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
      ),
    );
  }
  const wanted = kindOf(request) === 'read' ? readScopes : writeScopes;
  if (token.scopes.some((scope) => wanted.includes(scope.replace('https://www.googleapis.com/auth/', '')))) return null;
  return errorReply(new ApiError(403, 'Request had insufficient authentication scopes.'));
}

function wantsSizes(fields: string | null): boolean {
  return fields === null || fields.includes('Metadata');
}

function applyIfMasked(answer: object, fields: string | null): object {
  if (fields === null || fields === '' || fields === '*') return answer;
  const names = fields.split(',').map((path) => path.split(/[./(]/)[0] as string);
  return Object.fromEntries(Object.entries(answer).filter(([name]) => names.includes(name)));
}

function parseBody(request: EmulatorRequest): Record<string, unknown> {
  if (request.body.length === 0) return {};
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Said below, in the API's words.
  }
  throw new ApiError(400, 'Invalid JSON payload received. Unexpected token.');
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof URIError) return new ApiError(400, 'Request contains an invalid argument.');
  throw error;
}

/** What only a person could arrange at Google: who a file is shared with, whether it exists. Members it does not know are refused. */
function arrange(store: SpreadsheetStore, id: string, request: EmulatorRequest): EmulatorReply {
  try {
    const { missing, shared_with: sharedWith, title, locale, ...others } = parseBody(request);
    const [strange] = Object.keys(others);
    if (strange !== undefined)
      throw new ApiError(400, `${strange}: unknown; known are missing, shared_with, title, locale`);
    if (missing !== undefined && typeof missing !== 'boolean') throw new ApiError(400, 'missing: true or false');
    const isList = Array.isArray(sharedWith) && sharedWith.every((one) => typeof one === 'string');
    if (sharedWith !== undefined && sharedWith !== null && !isList) {
      throw new ApiError(400, 'shared_with: a list of e-mails, or null for everyone');
    }
    for (const [name, text] of Object.entries({ title, locale })) {
      if (text !== undefined && typeof text !== 'string') throw new ApiError(400, `${name}: a text`);
    }
    if (missing !== undefined) store.setMissing(id, missing);
    const spreadsheet = store.open(id);
    if (spreadsheet === null) return jsonReply(200, { spreadsheet_id: id, missing: true });
    if (sharedWith !== undefined) spreadsheet.sharedWith = sharedWith as string[] | null;
    if (title !== undefined) spreadsheet.title = title as string;
    if (locale !== undefined) spreadsheet.locale = locale as string;
    store.changed(id);
    return jsonReply(200, { spreadsheet_id: id, missing: false });
  } catch (error) {
    return errorReply(asApiError(error));
  }
}
