/** The routes of a running service from its API description, so that a new route is always included. */

export interface ApiRoute {
  readonly method: string;
  /** `/services/{id}`, under `/api/v1`. */
  readonly path: string;
  readonly params: readonly string[];
  readonly bodySchema: JsonSchema | null;
}

export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly minItems?: number;
}

interface Described {
  readonly paths: Readonly<
    Record<string, Record<string, { requestBody?: { content?: Record<string, { schema?: JsonSchema }> } }>>
  >;
}

const prefix = '/api/v1';

export async function readApiRoutes(serviceUrl: string): Promise<readonly ApiRoute[]> {
  const document = (await (await fetch(`${serviceUrl}/openapi.json`)).json()) as Described;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    path.startsWith(`${prefix}/`)
      ? Object.entries(methods).map(([method, { requestBody }]) => ({
          method: method.toUpperCase(),
          path: path.slice(prefix.length),
          params: Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => name as string),
          bodySchema: requestBody?.content?.['application/json']?.schema ?? null,
        }))
      : [],
  );
}

/** The smallest value that a schema allows, without its patterns. */
export function smallestValue(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  const chosen = schema.examples?.[0] ?? schema.default ?? schema.enum?.[0];
  if (chosen !== undefined) return chosen;
  if (schema.anyOf !== undefined) return smallestValue(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        requiredOf(schema).map((name) => [name, smallestValue(schema.properties?.[name] ?? {})]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => smallestValue(schema.items ?? {}));
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'x';
  }
}

/** One of `range` and `range_name` is required, which a list of required members cannot express. */
function requiredOf({ required = [], properties = {} }: JsonSchema): readonly string[] {
  return 'range_name' in properties ? [...required, 'range'] : required;
}
