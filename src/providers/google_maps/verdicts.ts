/**
 * Maps Google's replies to verdicts. Geocoding reports almost everything in a 200 (`status`); Routes in the HTTP
 * status.
 */
import type { ProviderReply } from '../../outbound/exchange.ts';
import type { Verdict } from '../provider.ts';
import { parseJson, retryAfterMs, shorten } from '../reading.ts';
import { type ApiError, type GeocodeReply, parseApiError, parseGeocodeReply } from './wire.ts';

type Refusal = Exclude<Verdict<never>, { kind: 'ok' }>;

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
  const message = said ?? `HTTP ${status}`;
  if (status === 200) return null;
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(reply), message };
  if (status === 401 || status === 403) return { kind: 'denied', message };
  // Google's front end refuses input that is too long, without JSON; the API refuses wrong input, with JSON.
  const isOfTheInput = (status === 400 && said !== null) || status === 413 || status === 414;
  if (isOfTheInput) return { kind: 'bad_input', status: 400, message };
  if (status >= 500 || status === 408) return failed(message);
  // A redirect, a 404, a bare 400 (for example from a server that expects TLS): the base URL is wrong, so a retry would
  // fail too.
  return { kind: 'failed', retryable: false, message };
}

export function failed(message: string): Refusal {
  return { kind: 'failed', retryable: true, message };
}
