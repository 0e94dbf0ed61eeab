/** Asks the running service for one address, and waits as long as its limits require. */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed } from '../command.ts';
import type { AnswerDeadline } from './answer-deadline.ts';
import type { Answer, Pending } from './journal.ts';

export interface AskOptions {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly tenant: string;
  /** Members of the request beside `address`. */
  readonly options: Readonly<Record<string, string | number>>;
  readonly interrupted: AbortSignal;
  /** The remaining wait, shared by all rows. */
  readonly answerDeadline: AnswerDeadline;
  /** Called when the service asks us to wait. */
  readonly onWait: (seconds: number, reason: string) => void;
  /** Default: a timer, interrupted by `interrupted`. */
  readonly wait?: (seconds: number, interrupted: AbortSignal) => Promise<void>;
}

/** Above the service's own deadline for a call. */
const replyDeadlineMs = 60_000;
/**
 * How often a row may fail for temporary reasons (a restart, a provider's outage) before it is left for the next run.
 */
const maxFaults = 5;
/** Limits per minute are retried after this time; a reply does not always say when they open. */
const longestBackoffSeconds = 60;

/**
 * null: interrupted. Pending: no answer for a temporary reason, or one that says that a better one may exist; the next
 * run asks the row again.
 */
export async function askService(asking: AskOptions, address: string): Promise<Answer | Pending | null> {
  let faults = 0;
  let waits = 0;
  let wasDegraded = false;
  for (;;) {
    if (asking.interrupted.aborted) return null;
    const reply = await send(asking, address, wasDegraded);
    const verdict = judge(reply);
    if (verdict.kind !== 'wait') {
      asking.answerDeadline.renew();
      return verdict.answer;
    }
    const { message, isLimit } = verdict;
    wasDegraded ||= reply.status === 200;
    if (!isLimit) faults++;
    waits++;
    // If all these waits bring no answer, the next row would get none either.
    if (reply.status === 0 && faults >= maxFaults) throw new CommandFailed(message);
    const wanted = verdict.seconds ?? Math.min(2 ** waits, longestBackoffSeconds);
    const seconds = Math.min(wanted, asking.answerDeadline.secondsLeft());
    if (faults >= maxFaults || seconds <= 0) return { kind: 'pending', message };
    asking.onWait(seconds, message);
    await (asking.wait ?? waitFor)(seconds, asking.interrupted);
  }
}

type Judged =
  | { readonly kind: 'settled'; readonly answer: Answer }
  | { readonly kind: 'wait'; readonly isLimit: boolean; readonly seconds: number | null; readonly message: string };

function judge({ status, body, retryAfterSeconds }: ServiceReply): Judged {
  const code = typeof body.code === 'string' ? body.code : '';
  const message = typeof body.detail === 'string' ? body.detail : `status ${status}`;
  if (status === 200 && body.degraded === true) return judgeDegraded(body);
  if (status === 200) return { kind: 'settled', answer: { kind: 'found', place: body } };
  if (code === 'ADDRESS_NOT_FOUND') return { kind: 'settled', answer: { kind: 'not_found', message } };
  if (isTheSameForEveryRow(code, body)) throw new CommandFailed(`the service refuses to answer (${code}): ${message}`);
  if (code === 'INVALID_REQUEST') return { kind: 'settled', answer: { kind: 'refused', message } };
  const isLimit = code === 'RATE_LIMIT_EXCEEDED';
  return { kind: 'wait', isLimit, seconds: retryAfterSeconds, message: code === '' ? message : `${code}: ${message}` };
}

/** A degraded answer: a limit is waited for, and an outage counts as a fault. */
function judgeDegraded(body: ServiceReply['body']): Judged {
  const skipped = Array.isArray(body.skipped_providers) ? (body.skipped_providers as Skipped[]) : [];
  const attempts = Array.isArray(body.attempts) ? (body.attempts as Tried[]) : [];
  const passing = attempts.filter(({ outcome }) => outcome !== 'good' && outcome !== 'poor' && outcome !== 'not_found');
  const waits = passing.map(({ retry_after_seconds: seconds }) => seconds).filter((seconds) => seconds !== undefined);
  const reasons = passing.map(({ provider, message }) => `${provider}: ${message}`);
  if (reasons.length === 0) reasons.push(...skipped.map(({ provider, because }) => `${provider}: ${because}`));
  const isLimit =
    passing.length > 0
      ? passing.every(({ outcome }) => limits.has(outcome))
      : skipped.length > 0 && skipped.every(({ because }) => limits.has(because));
  return {
    kind: 'wait',
    isLimit,
    seconds: waits.length === 0 ? null : Math.min(...waits),
    message: `a better answer may exist (${reasons.join('; ') || 'a provider failed'})`,
  };
}

interface Skipped {
  readonly provider: string;
  readonly because: string;
}

interface Tried {
  readonly provider: string;
  readonly outcome: string;
  readonly message: string;
  readonly retry_after_seconds?: number;
}

const limits: ReadonlySet<string> = new Set(['limit', 'throttled', 'busy']);

const refusalsOfAll: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'TENANT_REQUIRED',
  'NOT_FOUND',
  'BUDGET_EXCEEDED',
]);

/** Ends the run with a message: a bad token, a tenant without a service, or an option such as `--language`. */
function isTheSameForEveryRow(code: string, { errors, attempts }: ServiceReply['body']): boolean {
  if (code === 'INVALID_REQUEST') {
    return Array.isArray(errors) && errors.some((fault: { path?: unknown }) => fault.path !== 'address');
  }
  if (code === 'SERVICE_UNAVAILABLE') return Array.isArray(attempts) && attempts.length === 0;
  return refusalsOfAll.has(code);
}

async function waitFor(seconds: number, interrupted: AbortSignal): Promise<void> {
  await delay(seconds * 1000, undefined, { signal: interrupted }).catch(() => {});
}

interface ServiceReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;
}

/** A request that was sent is awaited even after Ctrl-C: its answer may have been paid for. */
async function send(
  { url, token, tenant, options }: AskOptions,
  address: string,
  isAgain: boolean,
): Promise<ServiceReply> {
  try {
    const reply = await fetch(`${url}/api/v1/geocoding/geocode`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'x-management-company-id': tenant,
        'x-service-name': 'cli',
        'content-type': 'application/json',
        // The degraded answer is cached for some seconds, and must not be returned again.
        ...(isAgain ? { 'cache-control': 'no-cache' } : {}),
      },
      body: JSON.stringify({ address, ...options }),
      signal: AbortSignal.timeout(replyDeadlineMs),
    });
    const retryAfter = Number(reply.headers.get('retry-after') ?? Number.NaN);
    return {
      status: reply.status,
      body: parseObject(await reply.text()),
      retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : null,
    };
  } catch (error) {
    const { cause, message } = error as Error;
    return {
      status: 0,
      body: { detail: `no answer from ${url}: ${cause instanceof Error ? cause.message : message}` },
      retryAfterSeconds: null,
    };
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
