/**
 * Google Sheets API v4: `spreadsheets.values.*`, `spreadsheets.get`, `create` and `batchUpdate`, behind tokens of the
 * emulated token endpoint (an API key reads what is shared with everyone), with Google's quotas by user and by project.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { type ServiceAccount, serviceAccountsOf } from '../oauth/service-accounts.ts';
import { type CreateVendor, type EmulatorRequest, jsonReply, type Route } from '../vendor.ts';
import { callerOf, kindOf, refuseUnlessAuthorized, sheetsVendorName } from './access.ts';
import { ApiError, asApiError, errorReply, notFound, quotaExceeded } from './api-error.ts';
import { arrange } from './arrange.ts';
import { applyRequests } from './batch-update.ts';
import { createSpreadsheet } from './create.ts';
import { rangesOfFilters } from './data-filters.ts';
import { describeSpreadsheet } from './describe.ts';
import { applyMask } from './field-mask.ts';
import { resourceOf, searchDeveloperMetadata } from './metadata-requests.ts';
import { parseBody } from './request-body.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';
import { SpreadsheetStore } from './store.ts';
import { type ValuesCall, valuesCalls } from './values.ts';

const perUser = 60;
const perProject = 300;

/** Shared by the groups of routes. */
interface Shared {
  readonly store: SpreadsheetStore;
  /** A route that spends quota and renders faults like Google. */
  route(method: string, path: RegExp, answer: (request: EmulatorRequest, match: RegExpExecArray) => object): Route;
  /** Throws if the spreadsheet does not exist, or is not shared with the caller. */
  open(request: EmulatorRequest, rawId: string): SpreadsheetState;
}

export const createGoogleSheets: CreateVendor = ({ control, dataDir, ...context }) => {
  const accounts = serviceAccountsOf({ control, dataDir, ...context });
  const store = new SpreadsheetStore(dataDir);

  /** `start.ts` spends the user's quota; the project's quota, which all its accounts share, is spent here. */
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

  const route: Shared['route'] = (method, path, answer) => ({
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

  const shared = { route, open, store };
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
      ...describingRoutes(shared),
      ...changingRoutes(shared),
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

/** `spreadsheets.get`, all or by filters, and its developer metadata. */
function describingRoutes({ route, open }: Shared): Route[] {
  return [
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
  ];
}

/** `spreadsheets.create` and `batchUpdate`, and sharing, which belongs to Drive. */
function changingRoutes({ route, open, store }: Shared): Route[] {
  return [
    route('POST', /^\/v4\/spreadsheets$/, (request) => {
      const spreadsheet = createSpreadsheet(randomBytes(33).toString('base64url'), parseBody(request));
      store.put(spreadsheet);
      return applyMask(
        describeSpreadsheet(spreadsheet, { ranges: [], includeGridData: false }),
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
  ];
}

interface BatchUpdateBody {
  readonly requests?: unknown[];
  readonly includeSpreadsheetInResponse?: boolean;
  readonly responseRanges?: string[];
  readonly responseIncludeGridData?: boolean;
}

function wantsSizes(fields: string | null): boolean {
  return fields === null || fields.includes('Metadata');
}

function applyIfMasked(answer: object, fields: string | null): object {
  if (fields === null || fields === '' || fields === '*') return answer;
  const names = fields.split(',').map((path) => path.split(/[./(]/)[0] as string);
  return Object.fromEntries(Object.entries(answer).filter(([name]) => names.includes(name)));
}
