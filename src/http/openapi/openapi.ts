/** Generates the OpenAPI 3.1 document from the routes' schemas. */
import { STATUS_CODES } from 'node:http';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import Type from 'typebox';
import { errorCodes } from '../../errors.ts';
import { attempts, outcome } from '../../gateway/error-members.ts';
import { geocodeResultSchema } from '../../geocoding/schemas.ts';
import { oneOf } from '../../schema-parts.ts';
import { version } from '../../version.ts';
import { problemByCode } from '../reply/problem.ts';
import { takesIdempotencyKey } from '../request/idempotency.ts';
import type { RouteAccess, Scope } from '../request/request-context.ts';
import { type HeaderGroup, headersGiven, headersTaken, problemHeaders } from './openapi-headers.ts';

const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'The same URN for every occurrence of a code.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    detail_ru: Type.Optional(Type.String({ description: '`detail` in Russian, where there is one.' })),
    instance: Type.String(),
    code: oneOf(errorCodes),
    request_id: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String(),
          message: Type.String(),
          message_ru: Type.Optional(Type.String({ description: '`message` in Russian, where there is one.' })),
        }),
        { description: 'For bad input.' },
      ),
    ),
    provider: Type.Optional(Type.String({ description: 'The service whose refusal this is.' })),
    attempts,
    best: Type.Optional(geocodeResultSchema),
    end: Type.Optional(Type.String({ description: 'Of a distance: the end at fault, `origin` or `destination`.' })),
    outcome,
  },
  { title: 'Problem', description: 'RFC 9457' },
);

const tenantHeader = {
  name: 'X-Management-Company-Id',
  in: 'header',
  required: true,
  description: 'The tenant: 1 to 50 of `A-Za-z0-9_-`.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,50}$', example: 'uk_company_1' },
} as const;

const impliedTenantHeader = {
  ...tenantHeader,
  required: false,
  description: `${tenantHeader.description} A credential of exactly one tenant implies it; any other needs it.`,
} as const;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body to describe if Fastify does not validate it, because the route's own parser does. */
    showsBody?: unknown;
    headers?: readonly HeaderGroup[];
    /** The scope that the route itself checks, without a tenant. */
    asksCredential?: Scope;
  }
}

/**
 * Watches the registration of routes: call it before the first one. `tenantFromToken`: a request may omit the tenant
 * header, so the document does not require it.
 */
export async function describeApi(
  app: FastifyInstance,
  publicBaseUrl: string,
  tenantFromToken: boolean,
): Promise<void> {
  app.addHook('onRoute', ({ url, schema }) => {
    if (url.startsWith('/api/')) checkIsDescribed(url, schema ?? {});
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Integration Service',
        version,
        description:
          'The one gateway to the outside: geocoding, Google Sheets, any HTTP API, webhooks. ' +
          'Every request under `/api/v1` names its tenant and carries a credential.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // The first server is the origin of the document itself: the API page must not send requests to another origin.
      servers: [{ url: '/' }, { url: publicBaseUrl, description: 'PUBLIC_BASE_URL' }],
      tags: [
        { name: 'geocoding', description: 'Addresses to coordinates and back, distances, batches.' },
        { name: 'sheets', description: 'Google Sheets.' },
        { name: 'services', description: 'The external services of a tenant.' },
        { name: 'webhooks', description: 'Deliveries from outside.' },
        { name: 'proxy', description: 'Any registered HTTP API, with its credentials injected.' },
        { name: 'logs', description: 'Every call made to a provider.' },
        { name: 'costs', description: 'What was spent, and what the cache saved.' },
        { name: 'budgets', description: 'Monthly budgets that alert or block.' },
        { name: 'cache', description: 'What is cached, and how to invalidate it.' },
        { name: 'rate limits', description: 'The use of each family and service, by window.' },
        { name: 'tokens', description: 'Service tokens.' },
        { name: 'events', description: 'The events of a tenant, live.' },
        { name: 'health', description: 'Is it alive, and how are its parts?' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'A service token or an admin JWT.' },
          serviceToken: { type: 'apiKey', in: 'header', name: 'X-Service-Token' },
          serviceApiKey: { type: 'apiKey', in: 'header', name: 'X-Service-API-Key' },
        },
        schemas: { Problem: plain(problemSchema) as never },
      },
    },
    // Health, documents and pages have no tag and stay hidden; checkIsDescribed makes the start fail if a route of the
    // API has none.
    hideUntagged: true,
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: describeRoute(schema ?? {}, route) as never, url }),
    transformObject: (document) =>
      completeDocument(
        ('openapiObject' in document ? document.openapiObject : {}) as DocumentPaths,
        tenantFromToken ? impliedTenantHeader : tenantHeader,
      ) as never,
  });
}

/**
 * The tests generated from the document do not see a route that is missing in it, for example the test that another
 * tenant reaches nothing over any route.
 */
function checkIsDescribed(url: string, schema: FastifySchema): void {
  const isShown = schema.hide !== true && schema.tags !== undefined && schema.tags.length > 0;
  if (!isShown || schema.summary === undefined) {
    throw new Error(`${url} would not be in the API's document: its schema needs tags and a summary`);
  }
}

function describeRoute(schema: object, { config, handler }: RouteOptions): object {
  const groups = config?.headers ?? [];
  const isOnce = takesIdempotencyKey(handler);
  const headers = headersGiven(groups, isOnce);
  const scope = config?.access?.scope ?? config?.asksCredential;
  const response = Object.entries(config?.answers ?? anyAnswer).map(([status, answer]) => [
    status,
    { ...(answer ?? { type: 'null' }), headers },
  ]);
  return {
    ...(scope !== undefined && { description: credentialOf(scope) }),
    ...schema,
    ...(config?.showsBody === undefined ? {} : { body: plain(config.showsBody) }),
    // Stated for open routes too: most tools take a missing entry for an omission.
    security: scope === undefined ? [] : [{ bearer: [] }, { serviceToken: [] }, { serviceApiKey: [] }],
    ...(config?.access === undefined
      ? {}
      : { headers: plain(Type.Partial(Type.Object(headersTaken(groups, isOnce)))) }),
    response: plain(Object.fromEntries(response)),
  };
}

/** In words, because most tools know scopes only in OAuth. */
function credentialOf(scope: RouteAccess['scope']): string {
  return scope === 'any' ? 'For any credential of the tenant.' : `Needs the scope \`${scope}\`.`;
}

interface Operation {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: RequestBody;
  responses?: Record<string, object>;
  security?: readonly unknown[];
}

type TenantHeader = typeof tenantHeader | typeof impliedTenantHeader;
type Parameter = TenantHeader | { readonly name: string; readonly in: string };

interface RequestBody {
  required?: boolean;
  content?: Record<string, { schema?: { anyOf?: { type?: string }[] } }>;
}

interface DocumentPaths {
  paths?: Record<string, Record<string, Operation>>;
}

const restOfPath = {
  name: 'path',
  description:
    'Goes on as it is written: a plain slash as a slash, an encoded one (`%2F`) encoded. Generated clients encode every ' +
    'slash of it; a path of several segments they send in `X-Proxy-Path`, without this parameter.',
} as const;

const anyContent = { '*/*': { schema: {} } };
/** For routes that declare no answers, such as proxied ones: any content, errors included. */
const anyAnswer = { '2XX': { content: anyContent } };

/** Adds what all operations share: operation names, the tenant header, the problem documents. */
function completeDocument(document: DocumentPaths, headerOfTenant: TenantHeader): object {
  const problems = {
    description: `A problem document. Codes: ${errorCodes.map((code) => `\`${code}\` ${problemByCode[code].status} (${problemByCode[code].title.toLowerCase()})`).join(', ')}.`,
    headers: problemHeaders,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const anothersProblems = {
    ...problems,
    description: `What the API itself answered, or else a problem document of this service. ${problems.description}`,
    content: { ...problems.content, ...anyContent },
  };
  const complete = (operation: Operation, method: string, path: string): Operation => {
    const parameters = (operation.parameters ?? []).map((one) => (one.name === '*' ? { ...one, ...restOfPath } : one));
    const isAnothers = '2XX' in (operation.responses ?? {});
    const told = Object.fromEntries(
      Object.entries(operation.responses ?? {}).map(([status, answer]) => [
        status,
        { ...answer, description: STATUS_CODES[status] ?? 'Done' },
      ]),
    );
    return {
      ...operation,
      operationId: operationIdOf(method, path),
      ...(operation.requestBody !== undefined && { requestBody: requiredOrNot(operation.requestBody) }),
      ...(isOfTenant(path, operation)
        ? { parameters: [headerOfTenant, ...parameters] }
        : parameters.length > 0 && { parameters }),
      responses: {
        ...refusalsOf(operation, path, isAnothers ? anothersProblems : problems),
        ...told,
        default: isAnothers ? anothersProblems : problems,
      },
    };
  };
  // A route with several methods uses one object for all of them, so each gets a copy.
  const paths = Object.entries(document.paths ?? {}).map(([url, methods]) => {
    const path = url.replace('{*}', '{path}');
    return [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [method, complete(operation, method, path)]),
      ),
    ] as const;
  });
  return { ...document, paths: Object.fromEntries(paths) };
}

/** The errors that this operation can return: generated clients know only the statuses named here. */
function refusalsOf(operation: Operation, path: string, problems: object): Record<string, object> {
  const statuses = [
    ...(isOfTenant(path, operation) ? [400] : []),
    ...((operation.security ?? []).length > 0 ? [401, 403] : []),
    ...(path.includes('{') ? [404] : []),
    ...(operation.requestBody === undefined ? [] : [400, 413, 415]),
    ...(/^\/api\/v\d+\/(?:geocoding|sheets|proxy)\//.test(path) ? [429] : []),
  ];
  const named = statuses.map((status) => {
    const codes = errorCodes.filter((code) => problemByCode[code].status === status);
    const description = codes.map((code) => `\`${code}\` (${problemByCode[code].title.toLowerCase()})`).join(', ');
    return [String(status), { ...problems, description }] as const;
  });
  return {
    ...Object.fromEntries(named),
    '4XX': { ...problems, description: 'Any other refusal, as a problem document.' },
  };
}

function isOfTenant(path: string, { security = [] }: Operation): boolean {
  return path.startsWith('/api/') && security.length > 0;
}

/** A body that may be null is optional. */
function requiredOrNot(body: RequestBody): RequestBody {
  const schemas = Object.values(body.content ?? {}).map(({ schema }) => schema);
  return { ...body, required: !schemas.some((schema) => schema?.anyOf?.some(({ type }) => type === 'null')) };
}

/** `GET /api/v1/services/{id}/check` becomes `get_services_id_check`, the name in generated clients. */
function operationIdOf(method: string, path: string): string {
  const words = path.replace(/^\/api\/v\d+/, '').match(/[A-Za-z0-9]+/g) ?? [];
  return [method, ...words].join('_');
}

/** Drops TypeBox's hidden members, since the document is plain JSON. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema));
}
