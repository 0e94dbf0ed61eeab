/** Identifies the caller of the emulated Sheets API and the quota it spends, and refuses requests without access. */
import type { Control } from '../control.ts';
import type { AccessToken, ServiceAccount, ServiceAccounts } from '../oauth/service-accounts.ts';
import type { EmulatorReply, EmulatorRequest } from '../vendor.ts';
import { ApiError, errorReply, keyCannotWrite, keyNotValid } from './api-error.ts';

export const sheetsVendorName = 'google_sheets';

const readScopes = ['spreadsheets', 'spreadsheets.readonly', 'drive', 'drive.readonly', 'drive.file'];

const writeScopes = ['spreadsheets', 'drive', 'drive.file'];

/** Reads and writes are counted separately; batchGet counts as a read, like a search. */
export function kindOf(request: EmulatorRequest): 'read' | 'write' {
  return request.method === 'GET' || /:(?:search|getByDataFilter)$/.test(request.rawPath) ? 'read' : 'write';
}

/** The owner of the quota: a key names a project, but no user to share a file with. */
export function callerOf(accounts: ServiceAccounts, request: EmulatorRequest): ServiceAccount | null {
  const key = isAnonymous(request) ? keyOf(request) : null;
  if (key !== null) return { email: `key ${key}`, projectId: `of key ${key}`, publicKey: null };
  return tokenOf(accounts, request)?.account ?? null;
}

function isAnonymous(request: EmulatorRequest): boolean {
  return request.headers.authorization === undefined && !request.query.has('access_token');
}

/** null: no key was sent. */
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

export function refuseUnlessAuthorized(
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
