import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CallResult } from '../../../gateway/call.ts';
import { distance } from '../../../geocoding/distance.ts';
import { distanceRequestSchema } from '../../../geocoding/distance-schemas.ts';
import { parseDistanceRequest } from '../../../geocoding/parse-request.ts';
import { distanceResultSchema } from '../../../geocoding/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { callerOfCall, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/distance`. */
export function distanceRoute(
  app: FastifyInstance,
  { geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps,
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'geocoding', boundTokens: 'judged' });
  endpoints.post(
    '/geocoding/distance',
    'How far from one place to another',
    { answer: distanceResultSchema, headers: ['refresh', 'cache', 'provider', 'limits'], body: distanceRequestSchema },
    async (request, reply) => {
      const question = parseDistanceRequest(request.body, settings.of(callerOf(request).tenantId));
      const caller = callerOfCall(request, clock, deadlineMs);
      const measuring = distance(geocoding, caller, question, abortWhenCallerLeaves(reply));
      const { answer, calls } = await withRateLimitHeaders(reply, limits, measuring);
      setCacheHeaders(reply, calls);
      const charged = calls.map(({ familyLimit }) => familyLimit).filter((limit) => limit !== null);
      limits.set(reply, caller.tenantId, charged.sort((a, b) => a.remaining - b.remaining)[0] ?? null);
      reply.header('content-type', jsonContentType).header('x-provider', answer.provider);
      return reply.send(Buffer.from(JSON.stringify(answer)));
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
