import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify, { type FastifyError } from 'fastify';
import Type from 'typebox';
import { ServiceError } from '../../errors.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import { compileValidator } from './validate.ts';

async function pathsRefused(
  method: 'GET' | 'POST',
  query: string,
  body: object | undefined,
  route: Parameters<typeof refuseUnknown>[0],
): Promise<readonly string[]> {
  const app = Fastify();
  app.setValidatorCompiler(compileValidator as Parameters<typeof app.setValidatorCompiler>[0]);
  app.setErrorHandler<FastifyError>((error, _request, reply) =>
    reply.code(400).send(error instanceof ServiceError ? error.errors?.map(({ path }) => path) : [error.message]),
  );
  const judge = refuseUnknown(route);
  app.route({
    ...route,
    method,
    url: '/',
    ...(judge === null ? {} : { preValidation: judge }),
    handler: async () => [],
  });
  const reply = await app.inject({ method, url: `/${query}`, ...(body === undefined ? {} : { payload: body }) });
  return reply.json();
}

test('a route without a schema knows no query parameter and no member', async () => {
  assert.deepEqual(await pathsRefused('GET', '', undefined, {}), []);
  assert.deepEqual(await pathsRefused('GET', '?limti=5&offset=1', undefined, {}), ['limti', 'offset']);
  assert.deepEqual(await pathsRefused('POST', '', undefined, {}), []);
  assert.deepEqual(await pathsRefused('POST', '', {}, {}), []);
  assert.deepEqual(await pathsRefused('POST', '', { force: true }, {}), ['force']);
});

test('a route that shows its body knows what it shows', async () => {
  const config = { showsBody: Type.Object({ address: Type.String() }) };
  assert.deepEqual(await pathsRefused('POST', '?dry_run=1', { address: 'x', adress: 'y' }, { config }), [
    'dry_run',
    'adress',
  ]);
});

test('unknown members are named beside the errors of known members', async () => {
  const querystring = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1 })) });
  const body = Type.Object({
    name: Type.String(),
    tags: Type.Optional(Type.Array(Type.Object({ of: Type.String() }))),
  });
  const schema = { querystring, body };
  assert.deepEqual(await pathsRefused('POST', '?limit=2', { name: 'x' }, { schema }), []);
  assert.deepEqual(await pathsRefused('POST', '?limit=0&page=2', { name: 'x' }, { schema }), ['limit', 'page']);
  assert.deepEqual(await pathsRefused('POST', '', { nmae: 'x', tags: [{ of: 'a', if: 'b' }] }, { schema }), [
    'name',
    'nmae',
    'tags[0].if',
  ]);
});

test('what an upstream is meant to read is not looked at', async () => {
  const route = { config: { passesOn: true } };
  assert.deepEqual(await pathsRefused('POST', '?any=1', { thing: true }, route), []);
});
