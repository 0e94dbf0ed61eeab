/** What the sheets routes share. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../../clock.ts';
import type { Caller } from '../../../sheets/caller.ts';
import type { SheetsHealthDeps } from '../../../sheets/health.ts';
import { parseMaxWaitMs } from '../../../sheets/parse-request.ts';
import { withSheet } from '../../../sheets/records/name-place.ts';
import type { Sheets } from '../../../sheets/sheets.ts';
import { callerOfCall } from '../../reply/call-reply.ts';
import type { RateLimitHeaders } from '../../reply/rate-limit-headers.ts';
import type { Idempotency } from '../../request/idempotency.ts';

export interface SheetsRoutesDeps {
  sheets: Sheets;
  health: SheetsHealthDeps;
  idempotency: Idempotency;
  limits: RateLimitHeaders;
  clock: Clock;
  /** How long one call may take, its waits and retries together. */
  deadlineMs: number;
}

/** The question, on the sheet that the body names by its gid. */
export function onSheet<Question extends Parameters<typeof withSheet>[0]>(
  { sheets }: Pick<SheetsRoutesDeps, 'sheets'>,
  caller: Caller,
  question: Question,
  body: unknown,
): Promise<Question> {
  return withSheet(question, body, (id) => sheets.worksheets(caller, id, new AbortController().signal));
}

/** The caller, with the patience that its body or query asks for. */
export function sheetsCallerOf(request: FastifyRequest, deps: SheetsRoutesDeps, source: unknown): Caller {
  const maxWaitMs = parseMaxWaitMs(source);
  // Waiting for a limit comes on top of what the call itself may take.
  return { ...callerOfCall(request, deps.clock, deps.deadlineMs + maxWaitMs), maxWaitMs };
}
