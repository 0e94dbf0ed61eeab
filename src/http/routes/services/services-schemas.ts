/** Schemas of the services API, for validation and the API description. */
import Type, { type Static } from 'typebox';
import { serviceTypes } from '../../../providers/provider.ts';
import { adapterNames } from '../../../providers/registry.ts';
import { nullable, oneOf, readOnlyMembers, time } from '../../../schema-parts.ts';

const largestInteger = 2_147_483_647;
const limit = Type.Optional(
  nullable(Type.Integer({ minimum: 0, maximum: largestInteger, description: '0 or null: none of its own.' })),
);
const anyObject = (options: Type.TObjectOptions = {}) => Type.Object({}, { ...options, additionalProperties: true });
export const serviceTypeSchema = oneOf(serviceTypes);

const readOnly = readOnlyMembers(
  `id, management_company_id, has_api_key, has_credentials, health_status, last_health_check, paused_until,
   paused_because, created_at, updated_at`,
);

const serviceName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$',
  description: 'Unique in its tenant; up to 100 of `A-Za-z0-9_.-`.',
});

const configHelp = [
  `\`adapter\`: ${adapterNames.map((name) => `\`${name}\``).join(', ')}; default: the name of the service, and \`http\` for APIs.`,
  '`cost_per_request`: USD (0, or 0.000000001 to 1000000), or `{operation: USD}`.',
  '`timeout_seconds` (0.05 to 300) of each attempt, within the time of its call; `max_retries` (0 to 10) beyond the first attempt; `breaker`,',
  '`{failures_in_a_row, open_seconds}`: after how many failures the service is left alone, and how long at first. Default: as the process is set.',
  '`shadow_share`, of geocoders: of how many of its good answers (0 to 1) the next provider is asked too, for `GET /geocoding/quality`.',
  '`regions`, of geocoders: `[{country?, bounds?, priority?}]`: the priority (default 0) for questions about a country or an area.',
  'Of `http` services: `auth`, `{in, name?, prefix?}`. `in` is `header` (default: `Authorization: Bearer <api_key>`), `query` (`name`),',
  '`basic` (`credentials.username` and `password`; or `name` as the user and the API key as the password; or the API key as `user:password`)',
  'or `oauth2_client_credentials` (`token_url`, `scope?`, `audience?`, `client_auth?` = `basic` or `body`; `credentials.client_id` and `client_secret`).',
  '`{type: "oauth2_refresh_token", token_url, scope?, client_auth?}` renews by `credentials.refresh_token` (with `client_id`, `client_secret?`), and keeps what is given in its place.',
  '`{type: "aws_sigv4", region, service}` signs each request for AWS (`credentials.access_key_id`, `secret_access_key`, `session_token?`).',
  '`{type: "hmac", in, name, template, …}` signs it with `credentials.secret` by a template such as `{timestamp}{method}{path_and_query}{body}` (docs/proxy.md).',
  'A list of them sends several: each takes its value from the member of `credentials` named as its `name`, else the API key.',
  "`headers`, `query`: further ones for every request, in place of the caller's of the same name. `secret_headers`: which of them are write-only: shown masked, and kept where the mask or nothing is sent.",
  '`cache_ttl_seconds`: how long answers to GET are kept; left out: as the upstream says; 0: never.',
  '`health_path`: what a probe asks with GET; left out: the base URL, with HEAD (GET where that gets 405 or 501).',
  '`idle_timeout_seconds` (300), `total_timeout_seconds` (86400): how long a streamed answer may be silent, and take in all.',
  'Of `google_sheets` services: `formulas`, `none` where no cell depends on others (default `any`: a change lets go of all cached',
  'ranges of its spreadsheet); `read_requests_per_minute`, `write_requests_per_minute`: of an account whose quota Google has raised.',
].join(' ');

const settable = {
  display_name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Default: the name.' })),
  base_url: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 2048 }))),
  api_key: Type.Optional(
    nullable(
      Type.String({
        minLength: 1,
        maxLength: 8192,
        pattern: '^[^\\x00-\\x1f\\x7f]*$',
        description: 'Write-only.',
        errorMessage: 'must be a string of 1 to 8192 characters without control characters',
        errorMessageRu: 'ожидается строка от 1 до 8192 знаков без управляющих',
      }),
    ),
  ),
  credentials: Type.Optional(
    Type.Union([anyObject(), Type.String({ maxLength: 65_536 }), Type.Null()], {
      description: 'Write-only: an object, or its JSON as text.',
    }),
  ),
  config: Type.Optional(anyObject({ description: configHelp, examples: [{ adapter: 'google_maps' }] })),
  is_active: Type.Optional(Type.Boolean()),
  rate_limit_per_minute: limit,
  rate_limit_per_hour: limit,
  rate_limit_per_day: limit,
  rate_limit_per_month: limit,
  priority: Type.Optional(
    Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'Lower is tried first.' }),
  ),
  fallback_service_id: Type.Optional(nullable(Type.String({ maxLength: 100 }))),
  description: Type.Optional(nullable(Type.String({ maxLength: 2000 }))),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 })),
};

/** POST and PUT. */
export const serviceBodySchema = Type.Object(
  { service_name: serviceName, service_type: serviceTypeSchema, ...settable, ...readOnly },
  {
    additionalProperties: false,
    examples: [
      {
        service_name: 'weather',
        service_type: 'api',
        display_name: 'Weather',
        base_url: 'https://api.weather.example',
        api_key: 'the key',
        config: { auth: { in: 'query', name: 'key' }, cache_ttl_seconds: 600 },
      },
    ],
  },
);
export type ServiceBody = Static<typeof serviceBodySchema>;

export const servicePatchSchema = Type.Object(
  {
    service_name: Type.Optional(serviceName),
    service_type: Type.Optional(serviceTypeSchema),
    ...settable,
    ...readOnly,
  },
  { additionalProperties: false, examples: [{ priority: 50, rate_limit_per_minute: 100 }] },
);
export type ServicePatch = Static<typeof servicePatchSchema>;

export const listQuerySchema = Type.Object({
  service_type: Type.Optional(serviceTypeSchema),
  is_active: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
});

export const historyQuerySchema = Type.Object({
  cursor: Type.Optional(Type.String({ maxLength: 100 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});

export const idParamsSchema = Type.Object({ id: Type.String() });

/** In lower case, as it is stored: a UUID may also be written in capitals (RFC 9562, 4). */
export function idOf({ params }: { readonly params: unknown }): string {
  return (params as Static<typeof idParamsSchema>).id.toLowerCase();
}

/** Schemas of the members that `shownPause` writes. */
export const pauseMembers = {
  paused_until: nullable(
    Type.String({ format: 'date-time', description: 'It is not asked until then; a successful check ends it.' }),
  ),
  paused_because: nullable(oneOf(['retry_after', 'credentials_refused', 'failures'])),
};
const shownLimit = nullable(Type.Integer());

/** `ExternalService`. */
export const serviceSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  management_company_id: Type.String(),
  service_name: Type.String(),
  service_type: serviceTypeSchema,
  display_name: Type.String(),
  base_url: nullable(Type.String()),
  has_api_key: Type.Boolean(),
  has_credentials: Type.Boolean(),
  config: anyObject(),
  is_active: Type.Boolean(),
  health_status: oneOf(['healthy', 'degraded', 'down', 'unknown']),
  last_health_check: nullable(time),
  ...pauseMembers,
  rate_limit_per_minute: shownLimit,
  rate_limit_per_hour: shownLimit,
  rate_limit_per_day: shownLimit,
  rate_limit_per_month: shownLimit,
  priority: Type.Integer(),
  fallback_service_id: nullable(Type.String()),
  description: nullable(Type.String()),
  tags: Type.Array(Type.String()),
  created_at: time,
  updated_at: time,
});

export const serviceListSchema = Type.Object({ services: Type.Array(serviceSchema), total: Type.Integer() });

export const historySchema = Type.Object({
  changes: Type.Array(
    Type.Object({
      id: Type.String(),
      action: oneOf(['created', 'changed', 'deleted']),
      changed_by: nullable(Type.String()),
      request_id: nullable(Type.String()),
      changed_at: time,
      before: nullable(anyObject()),
      after: nullable(anyObject()),
      changed_secrets: Type.Array(Type.String(), { description: 'Which write-only members were set or taken away.' }),
    }),
  ),
  next_cursor: nullable(Type.String()),
});

export const healthSchema = Type.Object({
  service_id: Type.String(),
  service_name: Type.String(),
  health_status: Type.String(),
  status: Type.String({ description: 'The same, under the name that the health endpoints use.' }),
  last_health_check: nullable(time),
  ok: Type.Boolean({ description: 'What this probe alone says.' }),
  response_time_ms: nullable(Type.Integer()),
  last_error: nullable(Type.String()),
});
