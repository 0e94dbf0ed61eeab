/** The JSON body of a request to the emulated Sheets API. */
import type { EmulatorRequest } from '../vendor.ts';
import { ApiError } from './api-error.ts';

export function parseBody(request: EmulatorRequest): Record<string, unknown> {
  if (request.body.length === 0) return {};
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the error below, in the API's words.
  }
  throw new ApiError(400, 'Invalid JSON payload received. Unexpected token.');
}
