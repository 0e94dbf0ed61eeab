import type { FastifyInstance } from 'fastify';
import { askPlace, reverse } from '../../../geocoding/geocode.ts';
import { parseGeocodeRequest, parseReverseRequest } from '../../../geocoding/parse-request.ts';
import { geocodeRequestSchema, reverseRequestSchema } from '../../../geocoding/request-schemas.ts';
import { geocodeResultSchema } from '../../../geocoding/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { answerCall, callerOfCall, sendCallResult, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/geocode`, its alias `/forward`, and `/geocoding/reverse`. */
export function geocodeRoutes(
  app: FastifyInstance,
  { geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps,
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'geocoding', boundTokens: 'judged' });
  for (const url of ['/geocoding/geocode', '/geocoding/forward']) {
    endpoints.post(
      url,
      url.endsWith('forward') ? 'Another name of /geocoding/geocode' : 'The place of an address',
      { answer: geocodeResultSchema, headers: ['refresh', 'cache', 'provider', 'limits'], body: geocodeRequestSchema },
      (request, reply) => {
        const asked = parseGeocodeRequest(request.body, settings.of(callerOf(request).tenantId));
        const question = askPlace(geocoding, callerOfCall(request, clock, deadlineMs), asked);
        return answerCall(reply, limits, {
          fromMemory: question.fromMemory,
          execute: () => question.execute(abortWhenCallerLeaves(reply)),
        });
      },
    );
  }

  endpoints.post(
    '/geocoding/reverse',
    'What stands at a point',
    { answer: geocodeResultSchema, headers: ['refresh', 'cache', 'provider', 'limits'], body: reverseRequestSchema },
    async (request, reply) => {
      const question = parseReverseRequest(request.body, settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, clock, deadlineMs);
      const call = reverse(geocoding, caller, question, abortWhenCallerLeaves(reply));
      return sendCallResult(reply, caller.tenantId, await withRateLimitHeaders(reply, limits, call), limits);
    },
  );
}
