/**
 * Maps replies of the Sheets API to verdicts, by status and `reason`, never by the message; Google's front end may
 * answer in HTML. https://cloud.google.com/apis/design/errors and the replies recorded in public projects.
 */
import type { ProviderReply, Verdict } from '../provider.ts';
import { listIn, objectIn, parseJson, retryAfterMs, shorten, textIn } from '../reading.ts';

/** A 403 in HTML blocks all traffic for some minutes. */
const trafficBlockMs = 120_000;
/**
 * Google sends no Retry-After with an exhausted quota, which refills by the second: shorter than a caller's usual wait.
 */
const quotaPauseMs = 2_000;
const longestReplyInspected = 64 * 1024;

export type RefusedVerdict = Exclude<Verdict<never>, { kind: 'ok' } | { kind: 'empty' }>;

/**
 * The verdict for any status but 200. `repeatable` false: after a server error the outcome is unknown. `advice`: what
 * helps where the account may not do what was asked.
 */
export function judgeRefusal(reply: ProviderReply, repeatable: boolean, advice: string | null): RefusedVerdict {
  const error = objectIn(reply.body.length > longestReplyInspected ? null : parseJson(reply), 'error');
  const message = shorten(textIn(error, 'message') ?? `HTTP ${reply.status}`);
  const isApiError = Object.keys(error).length > 0;
  const { status } = reply;

  if (status === 429) {
    const pauseMs = retryAfterMs(reply) ?? (isApiError ? quotaPauseMs : trafficBlockMs);
    return { kind: 'throttled', retryAfterMs: pauseMs, message };
  }
  // 409 ABORTED: a conflict with another change of the spreadsheet; a retry may succeed.
  if (status >= 500 || status === 409) {
    if (repeatable) return { kind: 'failed', retryable: true, message: `Google answered ${status}` };
    // 504: Google's front end timed out, and the request may still be running.
    return { kind: 'unknown_outcome', settled: status !== 504, message: `Google answered ${status}` };
  }
  if (status === 401) return { kind: 'denied', message: `Google refuses the access: ${message}` };
  if (status === 403) return judgeForbidden(error, reply, message, advice);
  if (status === 404 && isApiError) {
    return { kind: 'bad_input', status: 404, message: `${message} No spreadsheet has this id.` };
  }
  if (status === 400 && isApiError) {
    if (accountReasonsOf(error).some(isKeyFault)) return { kind: 'denied', message };
    if (textIn(error, 'status') !== 'FAILED_PRECONDITION') return { kind: 'bad_input', status: 400, message };
    // The file itself is of another kind, whatever is asked of it.
    const advice = 'an Office file must be saved as a Google spreadsheet first';
    return { kind: 'bad_input', status: 400, message: `${message}: ${advice}`, isForAll: true };
  }
  // Google's front end refuses it in HTML: the request is too large, for any account.
  if (status === 413) return { kind: 'bad_input', status: 400, message: 'Google takes no request of this size' };
  return { kind: 'failed', retryable: false, message: `Google answered ${status} and no API error` };
}

/** Reasons in `ErrorInfo` and in the older `errors[]`: a quota of the account, which refills by itself. */
const quotaReasons: ReadonlySet<string> = new Set([
  'RATE_LIMIT_EXCEEDED',
  'RESOURCE_QUOTA_EXCEEDED',
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'dailyLimitExceeded',
  'quotaExceeded',
]);

/** The account has no storage left for new files. What it reads and changes needs none. */
const noStorage = 'storageQuotaExceeded';

/**
 * Only errors of Google's common front end (`googleapis.com`, formerly `usageLimits`) concern the account; reasons of
 * any other domain concern the file, and so the caller.
 */
function accountReasonsOf(error: object): string[] {
  return [...reasonsOf(error, 'details', 'googleapis.com'), ...reasonsOf(error, 'errors', 'usageLimits')];
}

/** Google refuses a wrong or expired API key with 400 INVALID_ARGUMENT, like bad input. */
function isKeyFault(reason: string): boolean {
  return reason.startsWith('API_KEY_') || reason === 'keyInvalid' || reason === 'keyExpired';
}

/**
 * Distinguishes the account's quota, the account's setup (API off, billing, scope missing), and a file that is not
 * shared with it.
 */
function judgeForbidden(error: object, reply: ProviderReply, message: string, advice: string | null): RefusedVerdict {
  if (Object.keys(error).length === 0) return { kind: 'denied', message: 'Google answered 403 and no API error' };
  const reasons = accountReasonsOf(error);
  if (reasons.some((reason) => quotaReasons.has(reason))) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(reply) ?? quotaPauseMs, message };
  }
  const lacksScope =
    reply.headers['www-authenticate']?.includes('insufficient_scope') === true ||
    reasonsOf(error, 'errors', 'global').includes('insufficientPermissions');
  if ((reasons.length > 0 && !reasons.every((reason) => reason === noStorage)) || lacksScope) {
    return { kind: 'denied', message };
  }
  return { kind: 'bad_input', status: 403, message: advice === null ? message : `${message}: ${advice}` };
}

function reasonsOf(error: object, member: 'details' | 'errors', domain: string): string[] {
  return listIn(error, member).flatMap((each) => {
    const reason = textIn(each, 'domain') === domain ? textIn(each, 'reason') : null;
    return reason === null ? [] : [reason];
  });
}

/** A 200 with an invalid body. */
export function unusable(repeatable: boolean): Verdict<never> {
  const message = 'Google answered 200 with something else than the result';
  return repeatable
    ? { kind: 'failed', retryable: true, message }
    : { kind: 'unknown_outcome', settled: true, message };
}
