/** What the sheets routes have in common. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Clock } from '../../../clock.ts';
import type { Caller } from '../../../gateway/caller.ts';
import type { Changed } from '../../../sheets/changed.ts';
import type { SheetsHealthDeps } from '../../../sheets/health.ts';
import { maxWaitMsOf } from '../../../sheets/parse-request.ts';
import type { Sheets } from '../../../sheets/sheets.ts';
import { endpointsOf } from '../../endpoints.ts';
import { type Answer, jsonAnswer } from '../../reply/answer.ts';
import { callerOfCall, withRateLimitHeaders } from '../../reply/call-reply.ts';
import type { RateLimitHeaders } from '../../reply/rate-limit-headers.ts';
import type { Idempotency, Progress } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';

export interface SheetsRoutesDeps {
  sheets: Sheets;
  health: SheetsHealthDeps;
  idempotency: Idempotency;
  limits: RateLimitHeaders;
  clock: Clock;
  /** How long one call may take, with its waits and retries. */
  deadlineMs: number;
}

/** The caller, with the maximum wait from its body or query. */
export function sheetsCallerOf(
  request: FastifyRequest,
  deps: SheetsRoutesDeps,
  source: Parameters<typeof maxWaitMsOf>[0],
): Caller {
  const maxWaitMs = maxWaitMsOf(source);
  // The wait for a limit is added to the deadline of the call itself.
  return { ...callerOfCall(request, deps.clock, deps.deadlineMs + maxWaitMs), maxWaitMs };
}

/** A signal that never aborts: a change continues if its caller disconnects, so that its outcome is known. */
export const unending = (): AbortSignal => new AbortController().signal;

/** Answers with the result of a change and the limits that it spent. */
async function answerChange<Result>(
  { limits }: Pick<SheetsRoutesDeps, 'limits'>,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Promise<Changed<Result>>,
  render: (result: Result) => object,
): Promise<Answer> {
  const { result, provider, familyLimit } = await withRateLimitHeaders(reply, limits, call);
  limits.set(reply, callerOf(request).tenantId, familyLimit);
  return jsonAnswer(200, render(result), provider === '' ? {} : { 'x-provider': encodeURIComponent(provider) });
}

interface SheetsChange<Body, Question, Result> {
  readonly url: string;
  readonly summary: string;
  /** Where a body may be larger than is usual. */
  readonly bodyLimit?: number;
  readonly body: TSchema;
  /** The body as the API description shows it, if that is another schema. */
  readonly showsBody?: TSchema;
  readonly answer: TSchema;
  /** `callerOf` gives the caller; its deadline starts at the first use. */
  questionOf(body: Body, callerOf: () => Caller): Question | Promise<Question>;
  make(caller: Caller, question: Question, progress: Progress): Promise<Changed<Result>>;
  render(result: Result): object;
}

/** An endpoint that changes something: it honours an `Idempotency-Key`. */
export function addChange<Body extends { readonly max_wait_seconds?: number | null }, Question, Result>(
  app: FastifyInstance,
  deps: SheetsRoutesDeps,
  { url, summary, answer, questionOf, make, render, ...shape }: SheetsChange<Body, Question, Result>,
): void {
  endpointsOf(app, 'sheets', { scope: 'sheets:write', boundTokens: 'judged' }).post(
    url,
    summary,
    { ...shape, answer, headers: ['provider', 'limits'] },
    deps.idempotency.wrap(async (request, progress, reply) => {
      const body = request.body as Body;
      let caller: Caller | null = null;
      const callerOf = (): Caller => {
        caller ??= sheetsCallerOf(request, deps, body);
        return caller;
      };
      const question = await questionOf(body, callerOf);
      return answerChange(deps, request, reply, make(callerOf(), question, progress), render);
    }),
  );
}
