import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type BatchDeps, collectBatch, geocodeBatch, renderBatchLine } from '../../../geocoding/batch.ts';
import type { Caller } from '../../../geocoding/caller.ts';
import { type BatchRequest, parseBatchRequest } from '../../../geocoding/parse-request.ts';
import { batchRequestSchema } from '../../../geocoding/request-schemas.ts';
import { batchLineSchema, batchResultSchema } from '../../../geocoding/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { callerOfCall } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/**
 * `POST /geocoding/batch`: one reply in the order of the request, or, for `Accept: application/x-ndjson`, one line per
 * answer as it finishes. A slow reader slows the batch down: a line is made only after the last one was taken.
 */
export function geocodeBatchRoute(app: FastifyInstance, deps: GeocodingRouteDeps & { batch: BatchDeps }): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'geocoding', boundTokens: 'judged' });
  endpoints.post(
    '/geocoding/batch',
    'Up to 1,000 addresses at once',
    {
      judgesText: true,
      answer: {
        content: {
          'application/json': { schema: batchResultSchema },
          'application/x-ndjson': { schema: batchLineSchema },
        },
      },
      headers: ['refresh', 'limits'],
      body: batchRequestSchema,
    },
    async (request, reply) => {
      const question = parseBatchRequest(request.body, deps.settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, deps.clock, deps.batch.deadlineMs);
      const signal = abortWhenCallerLeaves(reply);
      if (wantsLines(request.headers.accept)) {
        reply.header('content-type', 'application/x-ndjson; charset=utf-8').header('x-accel-buffering', 'no');
        // Headers go out before the first answer, so they show the limit as last seen.
        deps.limits.set(reply, caller.tenantId, null);
        return reply.send(Readable.from(linesOf(deps.batch, caller, question, signal), { highWaterMark: 1 }));
      }
      reply.header('content-type', jsonContentType);
      const { body, familyLimit } = await collectBatch(deps.batch, caller, question, signal);
      deps.limits.set(reply, caller.tenantId, familyLimit);
      return reply.send(body);
    },
  );
}

async function* linesOf(
  deps: BatchDeps,
  caller: Caller,
  question: BatchRequest,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  for await (const item of geocodeBatch(deps, caller, question, signal)) yield renderBatchLine(item);
}

function wantsLines(accept: string | undefined): boolean {
  return /\bapplication\/(x-ndjson|ndjson|jsonl)\b/i.test(accept ?? '');
}
