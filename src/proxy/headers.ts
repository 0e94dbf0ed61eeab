/** Which headers cross the gateway: what belongs to one connection, to the caller's own credential or to us does not. */

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
  // The caller's own credentials, under every name that is common for one.
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
  // Said to us.
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
  // Who asks, and from where inside, is nobody's business outside.
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'via',
  'origin',
  'referer',
  // By these some servers take another path or host than the one that was asked, and would leave the base URL.
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-override-url',
  'x-http-host-override',
  'x-host',
  // By this one CGI programs take the caller's address for their own proxy (httpoxy).
  'proxy',
]);
/** Whatever stands behind it: by whom, from where, to which path or host. */
const notForwardedFamily = 'x-forwarded-';

const notReturned: ReadonlySet<string> = new Set([
  ...hopByHop,
  // Of the moment, which is ours.
  'date',
  'age',
  // The account's session with the upstream, and orders to browsers about an origin that is ours.
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
  // What the upstream runs on.
  'server',
  'via',
  'x-powered-by',
  // Said by us.
  'x-request-id',
  'x-cache',
  'x-provider',
  'ratelimit',
  'ratelimit-policy',
]);

type Incoming = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The caller's headers, as they go to the upstream. */
export function forwardedHeaders(headers: Incoming): Record<string, string> {
  return crossing(headers, isForwarded);
}

/** Whether a header of this name goes on to the upstream. */
export function isForwarded(name: string): boolean {
  return !notForwarded.has(name) && !name.startsWith(notForwardedFamily);
}

/** The upstream's headers, as they go to the caller. */
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
