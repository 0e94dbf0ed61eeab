import { reverse } from '../../../geocoding/geocode.ts';
import { parseReverseRequest } from '../../../geocoding/parse-request.ts';
import { type ReverseBody, reverseRequestSchema } from '../../../geocoding/request-schemas.ts';
import { geocodeResultSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { callerOfCall, sendCallResult, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/reverse`. */
export function reverseRoute({ geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps): Routes {
  return (app) => {
    app.post<{ Body: ReverseBody }>(
      '/geocoding/reverse',
      {
        config: {
          access: { scope: 'geocoding', boundTokens: 'judged' },
          answers: { 200: geocodeResultSchema },
          headers: ['refresh', 'cache', 'provider', 'limits'],
        },
        schema: { tags: ['geocoding'], summary: 'What stands at a point', body: reverseRequestSchema },
      },
      async (request, reply) => {
        const question = parseReverseRequest(request.body, settings.of(callerOf(request).tenantId));
        const caller = callerOfCall(request, clock, deadlineMs);
        const call = reverse(geocoding, caller, question, abortWhenCallerLeaves(reply));
        return sendCallResult(reply, caller.tenantId, await withRateLimitHeaders(reply, limits, call), limits);
      },
    );
  };
}
