/** 2GIS: Geocoder 3.0 and Distance Matrix. */
import { type CreateVendor, type EmulatorReply, jsonReply } from '../vendor.ts';
import { distanceMatrix } from './distance-matrix.ts';
import { catalogError, geocode } from './geocoder.ts';

const name = 'two_gis';
const matrixPath = /^\/get_dist_matrix\/?$/;

export const createTwoGis: CreateVendor = ({ control }) => ({
  name,
  // The limits of a key are bought with it, so there is none until a test sets one.
  perMinuteQuotas: { requests: null, matrix: null },
  quotaClassOf: ({ rawPath }) => (matrixPath.test(rawPath) ? 'matrix' : 'requests'),
  accountOf: ({ query }) => query.get('key') || null,

  authorize({ query, rawPath }) {
    const key = query.get('key') ?? '';
    if (key !== '' && !control.isKeyBad(name, key)) return null;
    return refused(rawPath, 403, 'apiKeyIsBlocked', 'Authorization error: the key is not found or blocked');
  },

  refuse(refusal, { rawPath }) {
    switch (refusal) {
      case 'over_query_limit':
        return refused(rawPath, 429, 'tooManyRequests', 'Too many requests');
      case 'request_denied':
        return refused(rawPath, 403, 'apiKeyIsBlocked', 'Authorization error: the key is blocked');
      case 'internal_error':
        return refused(rawPath, 500, 'internalError', 'Internal error');
    }
  },

  routes: [
    { method: 'GET', path: /^\/3\.0\/items\/geocode\/?$/, handle: geocode },
    { method: 'POST', path: matrixPath, handle: distanceMatrix },
  ],
});

function refused(rawPath: string, code: number, type: string, message: string): EmulatorReply {
  return matrixPath.test(rawPath) ? jsonReply(code, { message }, 0) : catalogError(code, type, message);
}
