import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { exportEntries, type LogReaderDeps } from '../../../audit/list-entries.ts';
import { ServiceError } from '../../../errors.ts';
import type { TenantId } from '../../../ids.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf } from '../../request/request-context.ts';
import { logSchema } from './logs.ts';
import { logFilterSchema, readLogFilter } from './logs-filter.ts';

/** Each export reads a page of 1,000 entries ahead of its reader; further exports get a 503. */
const maxExportsAtOnce = 8;
/** A reader that takes nothing for this long is gone. */
const idleMs = 60_000;
/** Lines are written together up to this size: one write per entry would cost more than the entry. */
const chunkLength = 64 * 1024;

const querySchema = Type.Object(logFilterSchema);

/**
 * `GET /logs/export`: all matching entries, newest first, one JSON object per line. The next page is read only after
 * the last one was taken, so a slow reader costs one page of memory. An export that fails halfway ends without the last
 * chunk of its encoding, and every HTTP client reports that.
 */
export function logsExportRoute(app: FastifyInstance, deps: LogReaderDeps): void {
  let underWay = 0;
  endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' }).get(
    '/logs/export',
    'All matching calls as lines of JSON',
    {
      exposeHeadRoute: false,
      answer: { content: { 'application/x-ndjson': { schema: logSchema } } },
      querystring: querySchema,
    },
    async (request, reply) => {
      const filter = readLogFilter(request);
      if (underWay >= maxExportsAtOnce) {
        throw new ServiceError('SERVICE_UNAVAILABLE', 'Too many exports are running.', { retryAfterSeconds: 5 });
      }
      underWay += 1;
      const lines = Readable.from(linesOf(deps, callerOf(request).tenantId, filter), { highWaterMark: 1 });
      lines.once('close', () => {
        underWay -= 1;
      });
      reply.raw.setTimeout(idleMs, () => reply.raw.destroy());
      return reply
        .header('content-type', 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', 'attachment; filename="integration-logs.ndjson"')
        .send(lines);
    },
  );
}

async function* linesOf(
  deps: LogReaderDeps,
  tenantId: TenantId,
  filter: Parameters<typeof exportEntries>[2],
): AsyncGenerator<string, void, undefined> {
  let chunk = '';
  for await (const entry of exportEntries(deps, tenantId, filter)) {
    chunk += `${JSON.stringify(entry)}\n`;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
