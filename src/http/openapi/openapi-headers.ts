/** Describes the request and response headers that routes share, for the API description only. */
import Type, { type TSchema } from 'typebox';
import { cacheOutcomes } from '../../gateway/call.ts';

/**
 * What a route declares in `config.headers`. `refresh`: honours `Cache-Control`. `cache`: says whether the answer comes
 * from the cache. `provider`: names the service that answered. `limits`: shows the remainder of the family's limit.
 * `location`: names the created resource. `etag`: identifies its state. `match`: a change may name the state that it
 * expects. `proxyPath`: the upstream path may stand in a header.
 */
export type HeaderGroup = 'refresh' | 'cache' | 'provider' | 'limits' | 'location' | 'etag' | 'match' | 'proxyPath';

type Headers = Readonly<Record<string, TSchema>>;

const taken: Headers = {
  'X-Request-Id': Type.String({ description: 'Echoed, and kept with everything that the request causes.' }),
  'X-Service-Name': Type.String({ maxLength: 100, description: 'The calling service, kept as `source_service`.' }),
  traceparent: Type.String({ description: "W3C Trace Context: the caller's trace goes on to the provider." }),
};
const takenOnce: Headers = {
  'Idempotency-Key': Type.String({
    minLength: 1,
    maxLength: 255,
    description:
      'The same key and request give the first answer again, for 24 h; with another request the key is refused (422), ' +
      'and while the first runs it is a conflict (409).',
  }),
};
const takenOfGroup: Readonly<Partial<Record<HeaderGroup, Headers>>> = {
  refresh: {
    'Cache-Control': Type.String({
      description: '`no-cache` or `max-age=0`: the cache is not read, and filled all the same. `no-store`: neither.',
    }),
  },
  proxyPath: {
    'X-Proxy-Path': Type.String({
      minLength: 1,
      examples: ['orders/17/lines?expand=items'],
      description:
        'The path behind the base URL of the service, and its query, as they stand in a URL: slashes plain, all else ' +
        'percent-encoded as the upstream is to see it. For generated clients, which encode the slashes of `{path}`.',
    }),
  },
  match: {
    'If-Match': Type.String({
      description: 'The `ETag` that was read, or `*`: a change of anything else is refused (412).',
    }),
  },
};

const given: Headers = { 'X-Request-Id': Type.String({ description: "The caller's, or one of ours." }) };
const givenOnce: Headers = {
  'Idempotency-Replayed': Type.String({ description: '`true` where this is the first answer again.' }),
};
const givenOfGroup: Readonly<Partial<Record<HeaderGroup, Headers>>> = {
  cache: {
    'X-Cache': Type.String({
      enum: [...cacheOutcomes],
      description:
        'Where the answer comes from. `REVALIDATED`: kept, and confirmed by its provider just now (304), which is a call.',
    }),
    Age: Type.Integer({ minimum: 0, description: 'Seconds since a provider gave it.' }),
  },
  provider: { 'X-Provider': Type.String({ description: 'The service that answered.' }) },
  limits: {
    'RateLimit-Policy': Type.String({ examples: ['"geocoding";q=50;w=60'] }),
    RateLimit: Type.String({ description: 'What is left, and until when.', examples: ['"geocoding";r=49;t=60'] }),
  },
  location: { Location: Type.String({ description: 'The path of what was made.' }) },
  etag: { ETag: Type.String({ description: 'Names this state, for `If-Match`.' }) },
};

/** Response headers of a problem document. */
export const problemHeaders = {
  'Retry-After': {
    schema: { type: 'integer', minimum: 1 },
    description: 'Seconds; where trying again later makes sense.',
  },
} as const;

export function headersTaken(groups: readonly HeaderGroup[], isOnce: boolean): Headers {
  return { ...taken, ...(isOnce ? takenOnce : {}), ...join(groups, takenOfGroup) };
}

export function headersGiven(groups: readonly HeaderGroup[], isOnce: boolean): Headers {
  return { ...given, ...(isOnce ? givenOnce : {}), ...join(groups, givenOfGroup) };
}

function join(groups: readonly HeaderGroup[], of: Readonly<Partial<Record<HeaderGroup, Headers>>>): Headers {
  return Object.assign({}, ...groups.map((group) => of[group]));
}
