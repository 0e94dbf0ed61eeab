/**
 * Decides which headers are passed on: none that belong to one connection, to the caller's own credential or to this
 * service.
 */

/** Of one connection only (RFC 9110, 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const notForwarded: ReadonlySet<string> = new Set([
  ...hopByHop,
  // The caller's own credentials, under all common names.
  'authorization',
  'cookie',
  'cookie2',
  'x-service-token',
  'x-service-api-key',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  // Addressed to this service.
  'host',
  'content-length',
  'expect',
  'cache-control',
  'pragma',
  'traceparent',
  'x-management-company-id',
  'x-service-name',
  'x-proxy-path',
  'x-request-id',
  // The caller and its internal address stay private.
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'via',
  'origin',
  'referer',
  // Some servers take the path or host from these, which would leave the base URL.
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-override-url',
  'x-http-host-override',
  'x-host',
  // CGI programs take this one for their own proxy setting (httpoxy).
  'proxy',
]);
/** All headers with this prefix: they name client, proxy, path or host. */
const notForwardedFamily = 'x-forwarded-';

const notReturned: ReadonlySet<string> = new Set([
  ...hopByHop,
  // The time of sending, which this service sets.
  'date',
  'age',
  // The account's session with the upstream, and instructions to browsers about this service's origin.
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'public-key-pins',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'report-to',
  'reporting-endpoints',
  'nel',
  'refresh',
  'service-worker-allowed',
  'x-content-type-options',
  // The upstream's software.
  'server',
  'via',
  'x-powered-by',
  // Set by this service.
  'x-request-id',
  'x-cache',
  'x-provider',
  'ratelimit',
  'ratelimit-policy',
]);

type Incoming = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The caller's headers as the upstream gets them. */
export function forwardedHeaders(headers: Incoming): Record<string, string> {
  return crossing(headers, isForwarded);
}

/** Whether a header of this name is passed on to the upstream. */
export function isForwarded(name: string): boolean {
  return !notForwarded.has(name) && !name.startsWith(notForwardedFamily);
}

/** The upstream's headers as the caller gets them. */
export function returnedHeaders(headers: Incoming): Record<string, string> {
  return crossing(headers, (name) => !notReturned.has(name) && !name.startsWith('access-control-'));
}

function crossing(headers: Incoming, mayCross: (name: string) => boolean): Record<string, string> {
  const ofConnection = namedByConnection(headers.connection);
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !mayCross(name) || ofConnection.has(name)) continue;
    passed[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return passed;
}

/** `Connection: close, X-Trace` makes `X-Trace` a header of the connection. */
function namedByConnection(connection: string | readonly string[] | undefined): ReadonlySet<string> {
  const text = typeof connection === 'string' ? connection : (connection?.join(',') ?? '');
  return new Set(
    text
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}
