import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CallResult } from '../../../gateway/call.ts';
import { distance } from '../../../geocoding/distance.ts';
import { distanceRequestSchema, matrixRequestSchema } from '../../../geocoding/distance-schemas.ts';
import { askPlace, reverse } from '../../../geocoding/geocode.ts';
import { matrix } from '../../../geocoding/matrix.ts';
import {
  parseDistanceRequest,
  parseGeocodeRequest,
  parseMatrixRequest,
  parseReverseRequest,
} from '../../../geocoding/parse-request.ts';
import { geocodeRequestSchema, reverseRequestSchema } from '../../../geocoding/request-schemas.ts';
import { distanceResultSchema, geocodeResultSchema, matrixResultSchema } from '../../../geocoding/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { answerCall, callerOfCall, sendCallResult, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

const headers = ['refresh', 'cache', 'provider', 'limits'] as const;

/** `POST /geocoding/geocode`, its alias `/forward`, `/geocoding/reverse`, `/geocoding/distance` and `/geocoding/matrix`. */
export function questionRoutes(
  app: FastifyInstance,
  { geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps,
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'geocoding', boundTokens: 'judged' });
  for (const url of ['/geocoding/geocode', '/geocoding/forward']) {
    endpoints.post(
      url,
      url.endsWith('forward') ? 'Another name of /geocoding/geocode' : 'The place of an address',
      { answer: geocodeResultSchema, headers, body: geocodeRequestSchema },
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
    { answer: geocodeResultSchema, headers, body: reverseRequestSchema },
    async (request, reply) => {
      const question = parseReverseRequest(request.body, settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, clock, deadlineMs);
      const call = reverse(geocoding, caller, question, abortWhenCallerLeaves(reply));
      return sendCallResult(reply, caller.tenantId, await withRateLimitHeaders(reply, limits, call), limits);
    },
  );

  endpoints.post(
    '/geocoding/distance',
    'How far from one place to another',
    { answer: distanceResultSchema, headers, body: distanceRequestSchema },
    async (request, reply) => {
      const question = parseDistanceRequest(request.body, settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, clock, deadlineMs);
      const measuring = distance(geocoding, caller, question, abortWhenCallerLeaves(reply));
      const { answer, calls } = await withRateLimitHeaders(reply, limits, measuring);
      setCacheHeaders(reply, calls);
      const charged = calls.map(({ familyLimit }) => familyLimit).filter((limit) => limit !== null);
      limits.set(reply, caller.tenantId, charged.sort((a, b) => a.remaining - b.remaining)[0] ?? null);
      return sendJson(reply.header('x-provider', answer.provider), answer);
    },
  );

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
      return sendJson(reply, answer);
    },
  );
}

/** The age of the oldest of its answers counts. A distance without calls sets no cache headers. */
function setCacheHeaders(reply: FastifyReply, calls: readonly CallResult[]): void {
  if (calls.length === 0) return;
  const missed = calls.find(({ cacheOutcome }) => cacheOutcome === 'MISS' || cacheOutcome === 'COALESCED');
  const oldest = calls.reduce((one, other) => (other.ageSeconds > one.ageSeconds ? other : one));
  reply.header('x-cache', (missed ?? oldest).cacheOutcome).header('age', oldest.ageSeconds);
}

function sendJson(reply: FastifyReply, answer: object): FastifyReply {
  return reply.header('content-type', jsonContentType).send(Buffer.from(JSON.stringify(answer)));
}
