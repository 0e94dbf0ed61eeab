/**
 * Maps Google's replies to verdicts. Geocoding reports almost everything in a 200 (`status`); Routes in the HTTP
 * status.
 */
import type { ProviderReply } from '../../outbound/exchange.ts';
import { parseJson, retryAfterMs, shorten } from '../reading.ts';
import { failed, judgeStatus, type Refusal } from '../refusal.ts';
import { type ApiError, type GeocodeReply, parseApiError, parseGeocodeReply } from './wire.ts';

export type GeocodeOutcome = { readonly kind: 'results'; readonly reply: GeocodeReply } | Refusal;

/** Source of the table: Google's GeocodingStatus; what each asks of a gateway is in the architecture notes. */
export function judgeGeocode(reply: ProviderReply): GeocodeOutcome {
  const parsed = parseGeocodeReply(parseJson(reply));
  // The body's status is more specific than the HTTP status.
  if (parsed === null) return judgeHttpStatus(reply, null) ?? failed('the reply is no geocoding answer');
  const message = shorten(parsed.errorMessage ?? parsed.status);
  switch (parsed.status) {
    case 'OK':
      if (parsed.results.length === 0) return failed('OK without a usable result');
      return { kind: 'results', reply: parsed };
    case 'ZERO_RESULTS':
    case 'NOT_FOUND':
      return { kind: 'empty' };
    case 'INVALID_REQUEST':
      return { kind: 'bad_input', status: 400, message };
    case 'OVER_QUERY_LIMIT':
      return { kind: 'throttled', retryAfterMs: retryAfterMs(reply), message };
    case 'OVER_DAILY_LIMIT': // Key, billing or a cap of the account's own: waiting does not help.
    case 'REQUEST_DENIED':
      return { kind: 'denied', message };
    default: // UNKNOWN_ERROR ("may succeed if you try again"), and unknown statuses.
      return judgeHttpStatus(reply, `HTTP ${reply.status}`) ?? failed(`status ${message}`);
  }
}

/** The verdict of a Routes error; null if the reply is a result. */
export function judgeRoutes(reply: ProviderReply, json: unknown): Refusal | null {
  const error = parseApiError(json);
  if (reply.status === 200 && error === null) return null;
  const message = shorten(error?.message ?? `HTTP ${reply.status}`);
  if (isKeyFault(error)) return { kind: 'denied', message };
  if (reply.status === 429 || error?.status === 'RESOURCE_EXHAUSTED') {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(reply), message };
  }
  return judgeHttpStatus(reply, error === null ? null : message) ?? failed(message);
}

/** Google refuses an unknown key with 400 INVALID_ARGUMENT; only the reason distinguishes it from bad input. */
function isKeyFault(error: ApiError | null): boolean {
  if (error === null) return false;
  return error.reasons.some((reason) => reason.startsWith('API_KEY_') || reason === 'SERVICE_DISABLED');
}

/** `said`: the body's status; null if the body is not Google's JSON. */
function judgeHttpStatus(reply: ProviderReply, said: string | null): Refusal | null {
  const { status } = reply;
  // Google's front end refuses input that is too long, without JSON; the API refuses wrong input, with JSON. A bare 400
  // comes for example from a server that expects TLS.
  const badInput = said === null ? [413, 414] : [400, 413, 414];
  return judgeStatus(reply, { status, message: said ?? `HTTP ${status}`, badInput });
}
