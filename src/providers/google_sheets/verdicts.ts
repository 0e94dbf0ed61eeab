/**
 * What a reply of the Sheets API means. By status and `reason`, never by the message; a front end may answer in HTML.
 * https://cloud.google.com/apis/design/errors and the replies recorded in public projects.
 */
import type { ProviderReply, Verdict } from '../provider.ts';
import { listIn, objectIn, parseJson, retryAfterMs, shorten, textIn } from '../reading.ts';

/** A refusal in HTML is a block of traffic, which lasts minutes. */
const trafficBlockMs = 120_000;
/** Google sends no Retry-After with a spent quota, which frees itself by the second: shorter than callers are patient. */
const quotaPauseMs = 2_000;
const longestReplyInspected = 64 * 1024;

export type RefusedVerdict = Exclude<Verdict<never>, { kind: 'ok' } | { kind: 'empty' }>;

/**
 * The verdict on any status but 200. `repeatable` false: after a server's fault nobody knows whether it was carried out.
 * `email` is whom the spreadsheet must be shared with.
 */
export function judgeRefusal(reply: ProviderReply, repeatable: boolean, email: string | null): RefusedVerdict {
  const error = objectIn(reply.body.length > longestReplyInspected ? null : parseJson(reply), 'error');
  const message = shorten(textIn(error, 'message') ?? `HTTP ${reply.status}`);
  const isApiError = Object.keys(error).length > 0;
  const { status } = reply;

  if (status === 429) {
    const pauseMs = retryAfterMs(reply) ?? (isApiError ? quotaPauseMs : trafficBlockMs);
    return { kind: 'throttled', retryAfterMs: pauseMs, message };
  }
  // 409 ABORTED: it met another change of the spreadsheet, and the next try need not.
  if (status >= 500 || status === 409) {
    if (repeatable) return { kind: 'failed', retryable: true, message: `Google answered ${status}` };
    // 504 is Google's own impatience: the request may still be at work.
    return { kind: 'unknown_outcome', settled: status !== 504, message: `Google answered ${status}` };
  }
  if (status === 401) return { kind: 'denied', message: `Google refuses the access: ${message}` };
  if (status === 403) return judgeForbidden(error, reply, message, email);
  if (status === 404 && isApiError) {
    return { kind: 'bad_input', status: 404, message: `${message} No spreadsheet has this id.` };
  }
  if (status === 400 && isApiError) {
    return accountReasonsOf(error).some(isKeyFault)
      ? { kind: 'denied', message }
      : { kind: 'bad_input', status: 400, message };
  }
  // Said by the front end, in HTML: the request was the caller's, and any account would be told the same.
  if (status === 413) return { kind: 'bad_input', status: 400, message: 'Google takes no request of this size' };
  return { kind: 'failed', retryable: false, message: `Google answered ${status} and no API error` };
}

/** Of `ErrorInfo` and of the older `errors[]`: a quota of the account, which comes back by itself. */
const quotaReasons: ReadonlySet<string> = new Set([
  'RATE_LIMIT_EXCEEDED',
  'RESOURCE_QUOTA_EXCEEDED',
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'dailyLimitExceeded',
  'quotaExceeded',
]);

/**
 * Only what Google's common front says (`googleapis.com`, once `usageLimits`) is about the account: a reason of any other
 * domain is about the file, and so the caller's.
 */
function accountReasonsOf(error: object): string[] {
  return [...reasonsOf(error, 'details', 'googleapis.com'), ...reasonsOf(error, 'errors', 'usageLimits')];
}

/** A wrong or expired API key is refused with 400 INVALID_ARGUMENT, as bad input is. */
function isKeyFault(reason: string): boolean {
  return reason.startsWith('API_KEY_') || reason === 'keyInvalid' || reason === 'keyExpired';
}

/** The account's quota, the account's fault (API off, billing, scope missing), or the file is not shared with it. */
function judgeForbidden(error: object, reply: ProviderReply, message: string, email: string | null): RefusedVerdict {
  if (Object.keys(error).length === 0) return { kind: 'denied', message: 'Google answered 403 and no API error' };
  const reasons = accountReasonsOf(error);
  if (reasons.some((reason) => quotaReasons.has(reason))) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(reply) ?? quotaPauseMs, message };
  }
  const lacksScope =
    reply.headers['www-authenticate']?.includes('insufficient_scope') === true ||
    reasonsOf(error, 'errors', 'global').includes('insufficientPermissions');
  if (reasons.length > 0 || lacksScope) return { kind: 'denied', message };
  const advice = email === null ? '' : `: share the spreadsheet with ${email}`;
  return { kind: 'bad_input', status: 403, message: `${message}${advice}` };
}

function reasonsOf(error: object, member: 'details' | 'errors', domain: string): string[] {
  return listIn(error, member).flatMap((each) => {
    const reason = textIn(each, 'domain') === domain ? textIn(each, 'reason') : null;
    return reason === null ? [] : [reason];
  });
}

/** A 200 that is not what the API says. */
export function unusable(repeatable: boolean): Verdict<never> {
  const message = 'Google answered 200 with something else than the result';
  return repeatable
    ? { kind: 'failed', retryable: true, message }
    : { kind: 'unknown_outcome', settled: true, message };
}
