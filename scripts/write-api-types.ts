/**
 * Writes the types of the API's answers for the console (`console/src/api/schema.ts`) from `/openapi.json`.
 *
 *   npm run api-types
 *
 * `console/api-types.test.ts` writes them again and type-checks the console against them: the description of the API
 * must contain everything that the console uses.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../src/composition/start.ts';
import { parseConfig } from '../src/config/config.ts';
import { createLogger } from '../src/logger.ts';

type Json = Readonly<Record<string, unknown>>;

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** One member per route, `'GET /logs'`, with the type of its success body. */
export function renderApiTypes(document: { readonly paths: Json; readonly components?: Json }): string {
  const lines: string[] = [];
  for (const [path, operations] of Object.entries(document.paths).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith('/api/v1/')) continue;
    for (const method of methods) {
      const answer = goodAnswer((operations as Json)[method]);
      if (answer === undefined) continue;
      lines.push(`  '${method.toUpperCase()} ${path.slice('/api/v1'.length)}': ${typeOf(answer, document, 1)};`);
    }
  }
  return [
    '/** The bodies of good answers, by route. Written by `npm run api-types` from /openapi.json: do not edit. */',
    'export interface Answers {',
    ...lines,
    '}',
    '',
  ].join('\n');
}

function goodAnswer(operation: unknown): Json | undefined {
  const responses = (operation as { responses?: Record<string, Json> } | undefined)?.responses ?? {};
  const code = Object.keys(responses).find((one) => /^20[01]$/.test(one));
  if (code === undefined) return undefined;
  const content = responses[code]?.content as Record<string, { schema?: Json }> | undefined;
  return content?.['application/json']?.schema;
}

function typeOf(schema: Json, document: { readonly components?: Json }, depth: number): string {
  const { $ref, type, properties, items, anyOf, oneOf, allOf, enum: values, additionalProperties } = schema;
  const inner = (one: unknown): string => typeOf(one as Json, document, depth);
  if (typeof $ref === 'string') return inner(resolve($ref, document));
  if ('const' in schema) return literal(schema.const);
  if (Array.isArray(values)) return values.map(literal).join(' | ');
  const union = (anyOf ?? oneOf) as readonly unknown[] | undefined;
  if (union !== undefined) return [...new Set(union.map(inner))].join(' | ');
  if (Array.isArray(allOf)) return allOf.map(inner).join(' & ');
  if (Array.isArray(type)) return type.map((one) => inner({ ...schema, type: one })).join(' | ');
  if (type === 'array') return `readonly (${inner(items ?? {})})[]`;
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'string' || type === 'boolean' || type === 'null') return type;
  if (type !== 'object') return 'unknown';
  const required = new Set((schema.required as readonly string[] | undefined) ?? []);
  const members = Object.entries((properties as Json | undefined) ?? {}).map(
    ([name, member]) =>
      `${'  '.repeat(depth + 1)}readonly ${memberName(name)}${required.has(name) ? '' : '?'}: ${typeOf(member as Json, document, depth + 1)};`,
  );
  if (members.length === 0) {
    const value = typeof additionalProperties === 'object' ? inner(additionalProperties) : 'unknown';
    return `Readonly<Record<string, ${value}>>`;
  }
  return `{\n${members.join('\n')}\n${'  '.repeat(depth)}}`;
}

function resolve(ref: string, document: { readonly components?: Json }): Json {
  const found = ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, name) => (value as Json | undefined)?.[name], document);
  return (found ?? {}) as Json;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : String(value);
}

function memberName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : literal(name);
}

if (import.meta.main) {
  const dataDir = await mkdtemp(join(tmpdir(), 'integration-service-types-'));
  const config = parseConfig({ PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, LOG_LEVEL: 'ERROR' });
  const service = await startService(config, createLogger('error'));
  const document = await (await fetch(`${service.url}/openapi.json`)).json();
  await writeFile(join(import.meta.dirname, '../console/src/api/schema.ts'), renderApiTypes(document as never));
  await service.close();
  await rm(dataDir, { recursive: true, force: true });
}
