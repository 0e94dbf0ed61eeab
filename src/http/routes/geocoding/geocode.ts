import { askPlace } from '../../../geocoding/geocode.ts';
import { parseGeocodeRequest } from '../../../geocoding/parse-request.ts';
import { type GeocodeBody, geocodeRequestSchema } from '../../../geocoding/request-schemas.ts';
import { geocodeResultSchema } from '../../../geocoding/schemas.ts';
import type { Routes } from '../../app.ts';
import { answerCall, callerOfCall } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import type { GeocodingRouteDeps } from './geocoding-route-deps.ts';

/** `POST /geocoding/geocode`, and its alias `/forward`. */
export function geocodeRoute({ geocoding, settings, limits, clock, deadlineMs }: GeocodingRouteDeps): Routes {
  return (app) => {
    for (const url of ['/geocoding/geocode', '/geocoding/forward']) {
      app.post<{ Body: GeocodeBody }>(
        url,
        {
          config: {
            access: { scope: 'geocoding', boundTokens: 'judged' },
            answers: { 200: geocodeResultSchema },
            headers: ['refresh', 'cache', 'provider', 'limits'],
          },
          schema: {
            tags: ['geocoding'],
            summary: url.endsWith('forward') ? 'Another name of /geocoding/geocode' : 'The place of an address',
            body: geocodeRequestSchema,
          },
        },
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
  };
}
