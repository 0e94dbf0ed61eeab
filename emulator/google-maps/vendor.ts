/** Google Maps Platform: Geocoding, Distance Matrix (legacy) and Routes. */
import { type CreateVendor, type EmulatorReply, type EmulatorRequest, jsonReply, type Refusal } from '../vendor.ts';
import { distanceMatrix, refusal as matrixRefusal } from './distance-matrix.ts';
import { geocode } from './geocode.ts';
import { apiError, computeRouteMatrix } from './route-matrix.ts';

const name = 'google_maps';
const geocodePath = /^\/maps\/api\/geocode\/json$/;
const matrixPath = /^\/maps\/api\/distancematrix\/json$/;
const routesPath = /^\/distanceMatrix\/v2:computeRouteMatrix$/;

export const createGoogleMaps: CreateVendor = ({ control }) => ({
  name,
  // https://developers.google.com/maps/documentation/geocoding/usage-and-billing: 3,000 a minute and project.
  perMinuteQuotas: { requests: 3_000, matrix: 3_000 },
  quotaClassOf: ({ rawPath }) => (geocodePath.test(rawPath) ? 'requests' : 'matrix'),
  accountOf: keyOf,

  authorize(request) {
    if (request.query.has('client') && request.query.has('signature')) return badSignature();
    const key = keyOf(request);
    if (key === null)
      return denied(
        request,
        'You must use an API key to authenticate each request to Google Maps Platform APIs. For additional information, please refer to http://g.co/dev/maps-no-account',
      );
    if (control.isKeyBad(name, key)) return denied(request, 'The provided API key is invalid.');
    return null;
  },

  refuse(refusal, request) {
    if (routesPath.test(request.rawPath)) return refuseRoutes(refusal);
    if (refusal === 'request_denied') return denied(request, 'This API project is not authorized to use this API.');
    const [status, message] =
      refusal === 'over_query_limit'
        ? (['OVER_QUERY_LIMIT', 'You have exceeded your rate-limit for this API.'] as const)
        : (['UNKNOWN_ERROR', undefined] as const);
    if (matrixPath.test(request.rawPath)) return matrixRefusal(status, message);
    return refuseGeocode(status, message);
  },

  routes: [
    { method: 'GET', path: geocodePath, handle: geocode },
    { method: 'GET', path: matrixPath, handle: distanceMatrix },
    { method: 'POST', path: routesPath, handle: computeRouteMatrix },
  ],
});

/** null: no key was sent. */
function keyOf({ query, headers }: EmulatorRequest): string | null {
  const header = headers['x-goog-api-key'];
  return query.get('key') || (typeof header === 'string' && header !== '' ? header : null);
}

function denied(request: EmulatorRequest, message: string): EmulatorReply {
  if (matrixPath.test(request.rawPath)) return matrixRefusal('REQUEST_DENIED', message);
  if (!routesPath.test(request.rawPath)) return refuseGeocode('REQUEST_DENIED', message);
  if (keyOf(request) === null) {
    return apiError(
      403,
      'PERMISSION_DENIED',
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  }
  return apiError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', 'API_KEY_INVALID');
}

function refuseGeocode(status: string, message?: string): EmulatorReply {
  return jsonReply(200, { ...(message !== undefined && { error_message: message }), results: [], status }, 3);
}

function refuseRoutes(refusal: Refusal): EmulatorReply {
  switch (refusal) {
    case 'over_query_limit':
      return apiError(
        429,
        'RESOURCE_EXHAUSTED',
        "Quota exceeded for quota metric 'ComputeRouteMatrix elements' and limit 'Elements per minute'.",
        'RATE_LIMIT_EXCEEDED',
      );
    case 'request_denied':
      return apiError(
        403,
        'PERMISSION_DENIED',
        'Routes API has not been used in this project before or it is disabled.',
        'SERVICE_DISABLED',
      );
    case 'internal_error':
      return apiError(500, 'INTERNAL', 'Internal error encountered.');
  }
}

/** Plain text, unlike all other errors. */
function badSignature(): EmulatorReply {
  return {
    status: 403,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: "Unable to authenticate the request. Provided 'signature' is not valid for the provided client ID, or the provided 'client' is not valid.",
  };
}
