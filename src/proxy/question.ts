/** The cache key of a request: the URL, and every passed-on header that may change the answer. */
import type { HttpInput } from '../providers/http/operations.ts';

/** Headers of a single request, or of its transport: no API's answer depends on them. */
const unasked: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-correlation-id',
  'x-trace-id',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'tracestate',
  'baggage',
  'b3',
  'sentry-trace',
  'uber-trace-id',
  'elastic-apm-traceparent',
  'newrelic',
  'idempotency-key',
  'dnt',
  'priority',
  'max-forwards',
  'upgrade-insecure-requests',
]);
const unaskedFamilies = /^(x-b3-|x-datadog-|sec-fetch-|sec-ch-ua)/;
/** With these a GET may be any method. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a passed-on header is part of the question. */
export function isAsked(name: string): boolean {
  return !unasked.has(name) && !unaskedFamilies.test(name);
}

export function questionOf({ method, path, query, headers }: HttpInput): string {
  const asked = Object.entries(headers)
    .filter(([name]) => isAsked(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([method, path, query, ...asked]);
}

export function overridesMethod(headers: Readonly<Record<string, string>>): boolean {
  return overrides.some((name) => name in headers);
}

/** Whether a request may change something at the upstream. */
export function isChange({ method, headers }: Pick<HttpInput, 'method' | 'headers'>): boolean {
  return !safeMethods.has(method) || overridesMethod(headers);
}
