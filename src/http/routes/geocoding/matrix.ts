import { type MatrixBody, matrixRequestSchema } from '../../../geocoding/distance-schemas.ts';
import { matrix } from '../../../geocoding/matrix.ts';
import { parseMatrixRequest } from '../../../geocoding/parse-request.ts';
import { matrixResultSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { callerOfCall, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/matrix`. */
export function matrixRoute({ geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps): Routes {
  return (app) => {
    app.post<{ Body: MatrixBody }>(
      '/geocoding/matrix',
      {
        config: {
          access: { scope: 'geocoding', boundTokens: 'judged' },
          answers: { 200: matrixResultSchema },
          headers: ['refresh', 'limits'],
        },
        schema: {
          tags: ['geocoding'],
          summary: 'Distances from up to 25 places to up to 25 others',
          body: matrixRequestSchema,
        },
      },
      async (request, reply) => {
        const question = parseMatrixRequest(request.body, settings.of(callerOf(request).tenantId));
        const caller = callerOfCall(request, clock, deadlineMs);
        const measuring = matrix(geocoding, caller, question, abortWhenCallerLeaves(reply));
        const answer = await withRateLimitHeaders(reply, limits, measuring);
        limits.set(reply, caller.tenantId, null);
        return reply.header('content-type', jsonContentType).send(Buffer.from(JSON.stringify(answer)));
      },
    );
  };
}
