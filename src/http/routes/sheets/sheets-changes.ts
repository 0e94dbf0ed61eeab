/** The sheets routes that change something: write, append, clear, batch. Each honours an `Idempotency-Key`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '../../../gateway/caller.ts';
import type { AppendQuestion } from '../../../sheets/append/append-item.ts';
import { appendAnswer, runBatch, updateAnswer } from '../../../sheets/batch.ts';
import type { ClearQuestion, WriteQuestion } from '../../../sheets/change-ranges.ts';
import { describeNow, readDescribed } from '../../../sheets/describe.ts';
import {
  type BatchOperation,
  parseAppendRequest,
  parseBatchRequest,
  parseClearRequest,
  parseWriteRequest,
} from '../../../sheets/parse-request.ts';
import { withSheet } from '../../../sheets/records/name-place.ts';
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
import type { Sheets } from '../../../sheets/sheets.ts';
import { requireScope } from '../../auth/authenticate.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import type { Progress } from '../../request/idempotency.ts';
import { callerOf } from '../../request/request-context.ts';
import { addChange, type SheetsRoutesDeps, sheetsCallerOf, unending } from './sheets-route.ts';

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

export function sheetsChangeRoutes(app: FastifyInstance, deps: SheetsRoutesDeps): void {
  const { sheets, limits } = deps;
  const placed = async <Question extends WriteQuestion | AppendQuestion | ClearQuestion>(
    parsing: Question | Promise<Question>,
    body: ClearBody,
    callerOf: () => Caller,
  ): Promise<Question> => {
    // A large body takes seconds to parse, which are not the call's.
    const question = await parsing;
    return withSheet(question, body, describeNow(sheets.metadata, callerOf()));
  };

  addChange(app, deps, {
    url: '/sheets/write',
    summary: 'Write values into a range',
    bodyLimit,
    body: writeRequest.checked,
    showsBody: writeRequest.shown,
    answer: writeResultSchema,
    questionOf: (body: WriteBody, callerOf) => placed(parseWriteRequest(body), body, callerOf),
    make: (caller, question) => sheets.write(caller, question, unending()),
    render: updateAnswer,
  });

  addChange(app, deps, {
    url: '/sheets/append',
    summary: 'Append rows to a table, once',
    bodyLimit,
    body: appendRequest.checked,
    showsBody: appendRequest.shown,
    answer: appendResultSchema,
    questionOf: (body: AppendBody, callerOf) => placed(parseAppendRequest(body), body, callerOf),
    make: (caller, question, progress) => sheets.append(caller, question, progress, unending()),
    render: appendAnswer,
  });

  addChange(app, deps, {
    url: '/sheets/clear',
    summary: 'Empty the cells of a range; formats stay',
    body: clearRequestSchema,
    answer: clearResultSchema,
    questionOf: (body: ClearBody, callerOf) => placed(parseClearRequest(body), body, callerOf),
    make: (caller, question) => sheets.clear(caller, question, unending()),
    render: (range) => ({ cleared_range: range }),
  });

  const endpoints = endpointsOf(app, 'sheets', { scope: 'any', boundTokens: 'judged' });
  endpoints.post(
    '/sheets/batch',
    'Several operations on one spreadsheet, in order',
    {
      bodyLimit,
      showsBody: batchRequest.shown,
      answer: batchResultSchema,
      headers: ['limits'],
      description: 'Reads need the scope `sheets:read`, everything else `sheets:write`.',
      body: batchRequest.checked,
      onRequest: requireAnySheetsScope,
      // Runs before stored answers are looked up: one credential's view of them is not another's.
      preValidation: requireScopesOfBatch,
    },
    deps.idempotency.wrap(async (request, progress: Progress, reply) => {
      const body = request.body as BatchBody;
      const parsed = await parseBatchRequest(body);
      const caller = sheetsCallerOf(request, deps, body);
      // A batch of reads is aborted once its caller has left, to save quota.
      const isReading = parsed.operations.every(({ operation }) => operation === 'read');
      const signal = isReading ? abortWhenCallerLeaves(reply) : unending();
      const describe = describeNow(sheets.metadata, caller);
      const mayBeOld = isReading && caller.cacheMode === 'use';
      const read: Sheets['read'] = (_caller, question) =>
        readDescribed(sheets.metadata, caller, signal, async (describeOld) =>
          sheets.read(caller, await withSheet(question, body, mayBeOld ? describeOld : describe), signal),
        );
      const operations: BatchOperation[] = [];
      for (const one of parsed.operations) {
        const question = one.operation === 'read' ? one.question : await withSheet(one.question, body, describe);
        operations.push({ ...one, question } as BatchOperation);
      }
      const batch = { ...parsed, operations };
      const { result, familyLimit, isSettled } = await runBatch({ ...sheets, read }, caller, batch, progress, signal);
      limits.set(reply, caller.tenantId, familyLimit);
      return { ...jsonAnswer(200, result), isSettled };
    }),
  );
}
