/** Sends one request to Google Sheets: adds the credentials, builds the URL, and maps errors to verdicts. */
import { renderSliced } from '../../encodings/sliced-json.ts';
import { type AccessTokens, judgeTokenRefusal, TokenRefused } from '../access-tokens.ts';
import { isHeaderText, unsendable } from '../header-text.ts';
import {
  type ProviderAccount,
  type ProviderHttp,
  type ProviderReply,
  type ProviderRequest,
  TransportError,
  type Verdict,
} from '../provider.ts';
import { secondBase, vendorRoot } from '../vendor-url.ts';
import { readServiceAccountKey, type ServiceAccountKey } from './service-account.ts';
import { judgeRefusal, type RefusedVerdict, unusable } from './verdicts.ts';
import { parseReply } from './wire.ts';

export const sheetsOrigin = 'https://sheets.googleapis.com';
const driveOrigin = 'https://www.googleapis.com';
const basePaths = ['/v4/spreadsheets', '/v4'] as const;
/** Values may be large: a sheet of ten megabytes of text is read in one call. */
const maxReplyBytes = 64 * 1024 * 1024;

export interface Question<Value> {
  readonly method: ProviderRequest['method'];
  /**
   * Encoded path after `/v4/spreadsheets/`. A path with a leading `/` belongs to the Drive API; one with `?` keeps its
   * own query.
   */
  readonly path: string;
  readonly maxReplyBytes?: number;
  /**
   * The answer if the reply is larger than allowed; by default the request is refused, since the caller can ask for
   * less.
   */
  readonly tooLarge?: Value;
  readonly body?: unknown;
  /** Default true: sending the request twice has the same effect as sending it once. */
  readonly repeatable?: boolean;
}

/** `read` returns null for an unexpected reply. */
export type Ask = <Value>(
  account: ProviderAccount,
  http: ProviderHttp,
  question: Question<Value>,
  read: (json: unknown) => Value | null,
) => Promise<Verdict<Value>>;

const keyOnlyReads: Verdict<never> = {
  kind: 'bad_input',
  status: 403,
  message: 'This account has only an API key, which cannot write: configure a service account',
};

const tooLarge: Verdict<never> = {
  kind: 'bad_input',
  status: 413,
  message: `The requested values are larger than ${maxReplyBytes / 1024 ** 2} MiB: ask for fewer rows at once`,
};

/** What helps an account that may not do what was asked. */
function adviceFor(key: ServiceAccountKey | null, path: string): string | null {
  if (key === null || path.startsWith('/')) return null;
  if (!path.startsWith('?')) return `share the spreadsheet with ${key.email}`;
  return `${key.email} may not create files, for which a service account of its own has no storage: create the spreadsheet by hand and share it with this account`;
}

export function createAsk(tokens: AccessTokens<ServiceAccountKey>): Ask {
  const send = async (
    key: ServiceAccountKey | null,
    account: ProviderAccount,
    http: ProviderHttp,
    question: Question<unknown>,
  ): Promise<{ reply: ProviderReply; token: string } | RefusedVerdict> => {
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
  };

  /**
   * Sends the request with a token, and once more with a new one if Google refuses the token: a 401 means that nothing
   * was done.
   */
  const askWhole: Ask = async (account, http, question, read) => {
    const key = readServiceAccountKey(account);
    const repeatable = question.repeatable ?? true;
    if (key === null && account.apiKey === null) return { kind: 'denied', message: 'the service has no credentials' };
    // Not sent: Google would answer 401, which would also make reads with the key unavailable.
    if (key === null && question.method !== 'GET') return keyOnlyReads;
    if (key === null && !isHeaderText(account.apiKey ?? '')) return unsendable;
    const first = await send(key, account, http, question);
    if (!('reply' in first)) return first;
    let { reply } = first;
    if (reply.status === 401 && key !== null && tokens.drop(key, first.token)) {
      const second = await send(key, account, http, question);
      if (!('reply' in second)) return second;
      reply = second.reply;
    }
    if (reply.status !== 200) return judgeRefusal(reply, repeatable, adviceFor(key, question.path));
    const value = read(await parseReply(reply));
    return value === null ? unusable(repeatable) : { kind: 'ok', value };
  };

  return async (account, http, question, read) => {
    try {
      return await askWhole(account, http, question, read);
    } catch (error) {
      const isTooLarge = error instanceof TransportError && error.fault === 'too-large';
      if (!isTooLarge || question.method !== 'GET') throw error;
      return question.tooLarge === undefined ? tooLarge : { kind: 'ok', value: question.tooLarge };
    }
  };
}

function urlOf({ baseUrl }: ProviderAccount, path: string): string {
  if (path.startsWith('/')) return secondBase(baseUrl, sheetsOrigin, basePaths, driveOrigin) + path;
  return `${vendorRoot(baseUrl ?? sheetsOrigin, basePaths)}/v4/spreadsheets${path.startsWith('?') ? '' : '/'}${path}`;
}

/** `encodeURIComponent`, plus the two characters that Google's clients also encode. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27').replaceAll('!', '%21');
}
