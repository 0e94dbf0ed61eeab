/**
 * Geocodes many addresses in one request.
 *
 * Spellings of one address are one question and are asked once; duplicates are found before any limit is charged. At
 * most `concurrency` questions run at a time. A question waits for the tenant's and the providers' limits instead of
 * failing, until the deadline of the whole batch. An address that fails does not fail the others. A slow consumer slows
 * the batch down: at most `concurrency` finished answers wait for it.
 */
import type { Clock } from '../clock.ts';
import { type ErrorCode, ServiceError } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import { normalizeAddress } from './address/normalize-address.ts';
import { completeAddress, streetAliasesIn } from './apply-settings.ts';
import type { Caller } from './caller.ts';
import { type GeocodingDeps, geocode, unitMember } from './geocode.ts';
import type { BatchRequest, GeocodeRequest } from './parse-request.ts';
import { geocodeQuestion } from './questions.ts';
import { addressFault } from './request-schemas.ts';

export interface BatchDeps extends GeocodingDeps {
  readonly clock: Clock;
  /** Questions under way at once. */
  readonly concurrency: number;
  /** For the whole batch, including waits for limits. */
  readonly deadlineMs: number;
  /** Receives unexpected errors; the caller gets only `INTERNAL_ERROR`. */
  onUnexpectedError(error: unknown): void;
}

/** Enough to keep two providers busy, few enough that one batch cannot crowd out a tenant's single calls. */
export const defaultBatchConcurrency = 16;
/**
 * Shorter than the idle time-outs of common proxies for a streamed reply, and long enough for two one-minute windows.
 */
export const defaultBatchDeadlineMs = 120_000;

export interface BatchItem {
  /** Position of the address in the request, from 0. */
  readonly index: number;
  readonly success: boolean;
  /** A JSON object without its outer braces: `"address":…,"success":…` and the result or error. */
  readonly members: string;
  /** The remainder of the tenant's limit after this call; null if the call was not charged. */
  readonly familyLimit: CallResult['familyLimit'];
}

/** A complete reply, with the remainder of the tenant's limit after the last charged call. */
export interface BatchReply {
  readonly body: Buffer;
  readonly familyLimit: CallResult['familyLimit'];
}

/** Yields items as they finish, in no particular order. Throws the signal's reason when the caller disconnects. */
export async function* geocodeBatch(
  deps: BatchDeps,
  caller: Caller,
  request: BatchRequest,
  signal: AbortSignal,
): AsyncGenerator<BatchItem, void, undefined> {
  const { faulty, questions } = gatherQuestions(request);
  yield* faulty;

  const deadlineAtMs = deps.clock.now() + deps.deadlineMs;
  const patientCaller: Caller = { ...caller, deadlineAtMs, maxWaitMs: deps.deadlineMs };
  const stop = new AbortController();
  const batchSignal = AbortSignal.any([signal, stop.signal]);
  const underWay = new Map<Question, Promise<Answered>>();
  const waiting = questions.values();
  try {
    for (;;) {
      for (const question of take(waiting, deps.concurrency - underWay.size)) {
        underWay.set(question, ask(deps, patientCaller, request, question, batchSignal));
      }
      if (underWay.size === 0) return;
      const { question, outcome, familyLimit } = await Promise.race(underWay.values());
      underWay.delete(question);
      signal.throwIfAborted();
      for (const { index, address } of question.askers) yield composeItem(index, address, outcome, familyLimit);
    }
  } finally {
    // Also runs when the consumer leaves the loop early: cancels the questions still in progress.
    stop.abort();
  }
}

/** The whole reply to `POST /geocoding/batch`, in the order asked. */
export async function collectBatch(
  deps: BatchDeps,
  caller: Caller,
  request: BatchRequest,
  signal: AbortSignal,
): Promise<BatchReply> {
  const results = new Array<string>(request.addresses.length);
  let successCount = 0;
  let familyLimit: CallResult['familyLimit'] = null;
  for await (const item of geocodeBatch(deps, caller, request, signal)) {
    results[item.index] = `{${item.members}}`;
    if (item.success) successCount += 1;
    familyLimit = item.familyLimit ?? familyLimit;
  }
  const failureCount = results.length - successCount;
  const body = Buffer.from(
    `{"results":[${results.join(',')}],"success_count":${successCount},"failure_count":${failureCount}}`,
  );
  return { body, familyLimit };
}

/** One line of the streamed reply. `index` identifies the address, because lines come in the order of the answers. */
export function renderBatchLine(item: BatchItem): string {
  return `{"index":${item.index},${item.members}}\n`;
}

interface Question {
  /** The first spelling of the question in the batch; it is sent to providers. */
  readonly address: string;
  readonly askers: { readonly index: number; readonly address: string }[];
}

type Outcome = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly error: ItemError };

interface Answered {
  readonly question: Question;
  readonly outcome: Outcome;
  readonly familyLimit: CallResult['familyLimit'];
}

interface ItemError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retry_after_seconds?: number;
  readonly [extra: string]: unknown;
}

function gatherQuestions(request: BatchRequest): { faulty: BatchItem[]; questions: Map<string, Question> } {
  const faulty: BatchItem[] = [];
  const questions = new Map<string, Question>();
  for (const [index, given] of request.addresses.entries()) {
    const fault = addressFault(given);
    if (fault !== null) {
      const error: ItemError = { code: 'INVALID_REQUEST', detail: `addresses[${index}]: ${fault.message}` };
      faulty.push(composeItem(index, typeof given === 'string' ? given : null, { ok: false, error }, null));
      continue;
    }
    const address = given as string;
    const completed = completeAddress(address, request.country, request.settings);
    const key = geocodeQuestion(requestFor(request, completed));
    const question = questions.get(key);
    if (question === undefined) questions.set(key, { address: completed.trim(), askers: [{ index, address }] });
    else question.askers.push({ index, address });
  }
  return { faulty, questions };
}

/** `address`: already completed by the tenant's settings. */
function requestFor({ addresses: _addresses, settings, ...options }: BatchRequest, address: string): GeocodeRequest {
  return { ...options, address, parts: null, ...streetAliasesIn(address, settings) };
}

/** Never rejects: a failed question becomes the result of each of its addresses. */
async function ask(
  deps: BatchDeps,
  caller: Caller,
  request: BatchRequest,
  question: Question,
  signal: AbortSignal,
): Promise<Answered> {
  try {
    const asked = requestFor(request, question.address);
    const result = await geocode(deps, caller, asked, signal);
    return { question, outcome: { ok: true, body: result.body.toString('utf8') }, familyLimit: result.familyLimit };
  } catch (error) {
    const familyLimit = (error instanceof ServiceError ? error.call?.familyLimit : null) ?? null;
    return { question, outcome: { ok: false, error: describeFailure(deps, error, signal) }, familyLimit };
  }
}

function describeFailure(deps: BatchDeps, error: unknown, signal: AbortSignal): ItemError {
  if (error instanceof ServiceError) {
    const { code, publicMessage: detail, retryAfterSeconds, extra } = error;
    return {
      ...extra,
      code,
      detail,
      ...(retryAfterSeconds === undefined ? {} : { retry_after_seconds: retryAfterSeconds }),
    };
  }
  if (!signal.aborted) deps.onUnexpectedError(error);
  return { code: 'INTERNAL_ERROR', detail: 'The service failed to handle this address.' };
}

function composeItem(
  index: number,
  address: string | null,
  outcome: Outcome,
  familyLimit: CallResult['familyLimit'],
): BatchItem {
  const head = `"address":${JSON.stringify(address)},"success":${outcome.ok}`;
  // The stored answer is a JSON object: its members are copied as text, without parsing them.
  const tail = outcome.ok
    ? `${outcome.body.slice(1, -1)},${unitMember(normalizeAddress(address ?? '').unit)}`
    : `"error":${JSON.stringify(outcome.error)}`;
  return { index, success: outcome.ok, members: `${head},${tail}`, familyLimit };
}

function* take<Value>(values: Iterator<Value>, count: number): Generator<Value> {
  for (let taken = 0; taken < count; taken += 1) {
    const next = values.next();
    if (next.done) return;
    yield next.value;
  }
}
