/** Schemas of service tokens, for validation and the API description. */
import Type from 'typebox';
import { nullable, oneOf, text, time } from '../../../schema-parts.ts';
import { cursorSchema, limitSchema, timeSchema } from '../../request/query-values.ts';
import { scopes } from '../../request/request-context.ts';

const maxTenants = 200;
const maxServices = 200;

const grantMembers = {
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }),
  scopes: Type.Array(oneOf(scopes), {
    minItems: 1,
    maxItems: scopes.length,
  }),
  tenants: Type.Array(
    Type.String({
      pattern: '^([A-Za-z0-9_-]{1,50}|\\*)$',
      errorMessage: 'must be a tenant, 1 to 50 of A-Z, a-z, 0-9, _ and -, or *',
      errorMessageRu: 'ожидается арендатор, от 1 до 50 знаков A-Z, a-z, 0-9, _ и -, или *',
    }),
    {
      minItems: 1,
      maxItems: maxTenants,
      description: 'At most the caller’s own. Default: the tenant of this request. `*`: every tenant.',
    },
  ),
  services: nullable(
    Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }), {
      minItems: 1,
      maxItems: maxServices,
      description:
        'Names of the only services that it may use: others are 403, and so is what is about all of the tenant’s services. ' +
        'A service of the name may come later. null or absent: all.',
    }),
  ),
  rate_limit_per_minute: nullable(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'Every request of the token counts, over all replicas. null or absent: no limit of its own.',
    }),
  ),
  expires_at: nullable(timeSchema('null or absent: never.')),
};
const { name, scopes: ofScopes, ...mayBeLeftOut } = grantMembers;
export const createBody = Type.Object(
  { name, scopes: ofScopes, ...Type.Partial(Type.Object(mayBeLeftOut)).properties },
  {
    title: 'NewServiceToken',
    additionalProperties: false,
    examples: [{ name: 'billing', scopes: ['geocoding'], services: ['google_maps'], rate_limit_per_minute: 60 }],
  },
);
export const changeBody = Type.Partial(Type.Object(grantMembers), {
  title: 'ServiceTokenChange',
  additionalProperties: false,
  examples: [{ rate_limit_per_minute: 30 }],
});
export const rotateBody = Type.Object(
  {
    grace_seconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 604_800, default: 86_400, description: '0 ends the old one at once.' }),
    ),
    expires_at: Type.Optional(nullable(timeSchema('Of the new one. Absent: as of the old one.'))),
  },
  { title: 'TokenRotation', additionalProperties: false, examples: [{ grace_seconds: 86_400 }] },
);
const tokenMembers = {
  id: Type.String({ format: 'uuid' }),
  name: text,
  scopes: Type.Array(text),
  tenants: Type.Array(text),
  services: nullable(Type.Array(text)),
  rate_limit_per_minute: nullable(Type.Integer()),
  created_by: nullable(text),
  expires_at: nullable(time),
  last_used_at: nullable(time),
  revoked_at: nullable(time),
  created_at: time,
};
export const tokenSchema = Type.Object(tokenMembers, { title: 'ServiceToken' });
export const createdSchema = Type.Object({ ...tokenMembers, token: Type.String({ description: 'Shown this once.' }) });
export const listSchema = Type.Object({ tokens: Type.Array(tokenSchema), next_cursor: nullable(text) });
export const listQuery = Type.Object({
  cursor: Type.Optional(cursorSchema),
  limit: Type.Optional(limitSchema(1_000, 100)),
});
export const paramsSchema = Type.Object({ id: Type.String() });
