/** The sheets routes that change something: write, append, clear, batch. Each honours an `Idempotency-Key`. */
import type { FastifyRequest } from 'fastify';
import { appendAnswer, runBatch, updateAnswer } from '../../../sheets/batch.ts';
import {
  type BatchOperation,
  parseAppendRequest,
  parseBatchRequest,
  parseClearRequest,
  parseWriteRequest,
} from '../../../sheets/parse-request.ts';
import {
  type AppendBody,
  appendRequest,
  type BatchBody,
  batchRequest,
  type ClearBody,
  clearRequestSchema,
  type WriteBody,
  writeRequest,
} from '../../../sheets/request-schemas.ts';
import {
  appendResultSchema,
  batchResultSchema,
  clearResultSchema,
  writeResultSchema,
} from '../../../sheets/schemas.ts';
import type { Routes } from '../../app.ts';
import { requireScope } from '../../auth/authenticate.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import type { Progress } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';
import { answerChange, onSheet, type SheetsRoutesDeps, sheetsCallerOf, unending } from './sheets-route.ts';

/** Room for two million cells of one digit each; above that, the caller gets a plain input error. */
const bodyLimit = 12 * 1024 * 1024;

/** Runs before the body is read, so that callers without a sheets scope need not send it. */
async function requireAnySheetsScope(request: FastifyRequest): Promise<void> {
  const { principal } = callerOf(request);
  if (!principal.scopes.has('sheets:read')) requireScope(principal, 'sheets:write');
}

async function requireScopesOfBatch(request: FastifyRequest): Promise<void> {
  const { principal } = callerOf(request);
  const { operations } = (request.body ?? {}) as { operations?: unknown };
  const names = (Array.isArray(operations) ? operations : []).map((one: unknown) =>
    typeof one === 'object' && one !== null && 'operation' in one ? one.operation : null,
  );
  if (names.includes('read')) requireScope(principal, 'sheets:read');
  if (names.length === 0 || names.some((name) => name !== 'read')) requireScope(principal, 'sheets:write');
}

export function sheetsChangeRoutes(deps: SheetsRoutesDeps): Routes {
  const { sheets, limits } = deps;

  return (app) => {
    app.post(
      '/sheets/write',
      {
        bodyLimit,
        config: {
          access: { scope: 'sheets:write', boundTokens: 'judged' },
          showsBody: writeRequest.shown,
          answers: { 200: writeResultSchema },
          headers: ['provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary: 'Write values into a range', body: writeRequest.checked },
      },
      deps.idempotency.wrap(async (request, _progress, reply) => {
        const body = request.body as WriteBody;
        const asked = await parseWriteRequest(body);
        const caller = sheetsCallerOf(request, deps, body);
        const question = await onSheet(deps, caller, asked, body);
        return answerChange(deps, request, reply, sheets.write(caller, question, unending()), updateAnswer);
      }),
    );

    app.post(
      '/sheets/append',
      {
        bodyLimit,
        config: {
          access: { scope: 'sheets:write', boundTokens: 'judged' },
          showsBody: appendRequest.shown,
          answers: { 200: appendResultSchema },
          headers: ['provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary: 'Append rows to a table, once', body: appendRequest.checked },
      },
      deps.idempotency.wrap(async (request, progress, reply) => {
        const body = request.body as AppendBody;
        const asked = await parseAppendRequest(body);
        const caller = sheetsCallerOf(request, deps, body);
        const question = await onSheet(deps, caller, asked, body);
        const call = sheets.append(caller, question, progress, unending());
        return answerChange(deps, request, reply, call, appendAnswer);
      }),
    );

    app.post(
      '/sheets/clear',
      {
        config: {
          access: { scope: 'sheets:write', boundTokens: 'judged' },
          answers: { 200: clearResultSchema },
          headers: ['provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary: 'Empty the cells of a range; formats stay', body: clearRequestSchema },
      },
      deps.idempotency.wrap(async (request, _progress, reply) => {
        const body = request.body as ClearBody;
        const asked = parseClearRequest(body);
        const caller = sheetsCallerOf(request, deps, body);
        const question = await onSheet(deps, caller, asked, body);
        return answerChange(deps, request, reply, sheets.clear(caller, question, unending()), (range) => ({
          cleared_range: range,
        }));
      }),
    );

    app.post(
      '/sheets/batch',
      {
        bodyLimit,
        config: {
          access: { scope: 'any', boundTokens: 'judged' },
          showsBody: batchRequest.shown,
          answers: { 200: batchResultSchema },
          headers: ['limits'],
        },
        schema: {
          tags: ['sheets'],
          summary: 'Several operations on one spreadsheet, in order',
          description: 'Reads need the scope `sheets:read`, everything else `sheets:write`.',
          body: batchRequest.checked,
        },
        onRequest: requireAnySheetsScope,
        // Runs before stored answers are looked up: one credential's view of them is not another's.
        preValidation: requireScopesOfBatch,
      },
      deps.idempotency.wrap(async (request, progress: Progress, reply) => {
        const body = request.body as BatchBody;
        const parsed = await parseBatchRequest(body);
        const caller = sheetsCallerOf(request, deps, body);
        const operations: BatchOperation[] = [];
        for (const one of parsed.operations) {
          const question = await onSheet(deps, caller, one.question, body);
          operations.push({ ...one, question } as BatchOperation);
        }
        const batch = { ...parsed, operations };
        // A batch of reads is aborted once its caller has left, to save quota.
        const signal = batch.operations.every(({ operation }) => operation === 'read')
          ? abortWhenCallerLeaves(reply)
          : unending();
        const { result, familyLimit, isSettled } = await runBatch(sheets, caller, batch, progress, signal);
        limits.set(reply, caller.tenantId, familyLimit);
        return { ...jsonAnswer(200, result), isSettled };
      }),
    );
  };
}
