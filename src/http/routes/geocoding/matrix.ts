import type { FastifyInstance } from 'fastify';
import { matrixRequestSchema } from '../../../geocoding/distance-schemas.ts';
import { matrix } from '../../../geocoding/matrix.ts';
import { parseMatrixRequest } from '../../../geocoding/parse-request.ts';
import { matrixResultSchema } from '../../../geocoding/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { callerOfCall, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/matrix`. */
export function matrixRoute(
  app: FastifyInstance,
  { geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps,
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'geocoding', boundTokens: 'judged' });
  endpoints.post(
    '/geocoding/matrix',
    'Distances from up to 25 places to up to 25 others',
    { answer: matrixResultSchema, headers: ['refresh', 'limits'], body: matrixRequestSchema },
    async (request, reply) => {
      const question = parseMatrixRequest(request.body, settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, clock, deadlineMs);
      const measuring = matrix(geocoding, caller, question, abortWhenCallerLeaves(reply));
      const answer = await withRateLimitHeaders(reply, limits, measuring);
      limits.set(reply, caller.tenantId, null);
      return reply.header('content-type', jsonContentType).send(Buffer.from(JSON.stringify(answer)));
    },
  );
}
