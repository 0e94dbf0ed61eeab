import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { withRule } from '../../schema-parts.ts';
import { compileValidator } from './validate.ts';

function faultsOf(schema: TSchema, value: unknown): Record<string, string> {
  const validate = compileValidator({ schema, method: 'POST', url: '/', httpPart: 'body' });
  const { error } = validate(value) as { error?: unknown };
  assert.ok(error instanceof ServiceError);
  return Object.fromEntries((error.errors ?? []).map(({ path, message }) => [path, message]));
}

const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

test('a name that is none of many is answered with all of them', () => {
  const names = Array.from({ length: 15 }, (_, index) => `name_${index}`);
  const schema = Type.Object({ a: Type.Union(names.map((name) => Type.Literal(name))), b: Type.String() });
  assert.deepEqual(faultsOf(schema, { a: 'other', b: 1 }), {
    a: `must be one of ${names.join(', ')}`,
    b: 'must be a string',
  });
});

test('an invalid nullable text gets the error of a text', () => {
  const schema = Type.Object({ a: nullable(Type.String({ minLength: 1, pattern: '^[a-z]*$' })) });
  assert.deepEqual(faultsOf(schema, { a: '' }), {
    a: 'must be a string of at least 1 character that matches ^[a-z]*$',
  });
  assert.deepEqual(faultsOf(schema, { a: 'A' }), {
    a: 'must be a string of at least 1 character that matches ^[a-z]*$',
  });
  assert.deepEqual(faultsOf(schema, { a: 5 }), {
    a: 'must be a string of at least 1 character that matches ^[a-z]*$ or null',
  });
});

test('an error in an optional object names only the faulty member', () => {
  const schema = nullable(
    Type.Object({ seconds: Type.Optional(Type.Integer({ minimum: 0 })) }, { additionalProperties: false }),
  );
  assert.deepEqual(faultsOf(schema, { seconds: -1 }), { seconds: 'must be a whole number of at least 0' });
  assert.deepEqual(faultsOf(schema, { minutes: 1 }), { minutes: 'is not known here' });
  assert.deepEqual(faultsOf(schema, 'soon'), { body: 'must be a JSON object or null' });
});

test('more faults than help anybody are cut', () => {
  const schema = Type.Object({ values: Type.Array(Type.Union([Type.String(), Type.Number(), Type.Null()])) });
  const faults = faultsOf(schema, { values: Array.from({ length: 50_000 }, () => true) });
  assert.equal(Object.keys(faults).length, 20);
  assert.equal(faults['values[19]'], 'must be a string or a number or null');
});

test('of a long list only the items that are wrong are named, by their own place', () => {
  const schema = Type.Object({ ends: Type.Array(Type.Object({ at: Type.Number() }), { minItems: 1, maxItems: 1000 }) });
  const ends = Array.from({ length: 1200 }, (_, index) => (index === 700 ? { at: '1' } : { at: index }));
  assert.deepEqual(faultsOf(schema, { ends: ends.slice(0, 1000) }), { 'ends[700].at': 'must be a number' });
  assert.deepEqual(faultsOf(schema, { ends }), {
    ends: 'must be an array of 1 to 1000 items',
    'ends[700].at': 'must be a number',
  });
});

test('rules are asked of a whole body also where a member is wrong, and say which member they mean', () => {
  const range = Type.Object({
    from: Type.Number(),
    to: Type.Number(),
    step: Type.Optional(Type.Integer({ minimum: 1 })),
  });
  const schema = withRule(range, ({ from, to }) =>
    from > to ? { path: 'from', message: 'must not be after to' } : null,
  );
  assert.deepEqual(faultsOf(schema, { from: 2, to: 1 }), { from: 'must not be after to' });
  assert.deepEqual(faultsOf(schema, { from: 2, to: 1, step: 0 }), {
    step: 'must be a whole number of at least 1',
    from: 'must not be after to',
  });
  const inside = Type.Object({ ranges: Type.Array(nullable(schema)) });
  assert.deepEqual(faultsOf(inside, { ranges: [{ from: 2, to: 1 }, null] }), {
    'ranges[0].from': 'must not be after to',
  });
});

test('a number in a query is a decimal one: nothing else is cut or taken for one', () => {
  const schema = Type.Object({ limit: Type.Optional(Type.Integer()), seconds: Type.Optional(Type.Number()) });
  const validate = compileValidator({ schema, method: 'GET', url: '/', httpPart: 'querystring' });
  assert.deepEqual(validate({ limit: '20', seconds: '1.5' }), { value: { limit: 20, seconds: 1.5 } });
  assert.deepEqual(validate({ limit: '-0', seconds: '007' }), { value: { limit: -0, seconds: 7 } });
  for (const text of ['1.5', 'true', '', ' ', '0x10', '1e2', ' 1', 'ten']) {
    const { error } = validate({ limit: text }) as { error?: unknown };
    assert.ok(error instanceof ServiceError, text);
    const fault = { path: 'limit', message: 'must be a whole number', message_ru: 'ожидается целое число' };
    assert.deepEqual(error.errors, [fault], text);
  }
  const { error } = validate({ limit: ['1', '2'] }) as { error?: unknown };
  assert.ok(error instanceof ServiceError);
});

test('each fault of a schema is also told in Russian', () => {
  const schema = Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 21 }),
      count: Type.Integer({ minimum: 0, maximum: 10 }),
      share: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()])),
      kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
      list: Type.Array(Type.String(), { maxItems: 5 }),
      when: Type.String({ format: 'date-time' }),
      isOn: Type.Boolean(),
      odd: Type.String({ pattern: '^x$', errorMessage: 'must be odd', errorMessageRu: 'нужно странное' }),
      missing: Type.String(),
    },
    { additionalProperties: false },
  );
  const validate = compileValidator({ schema, method: 'POST', url: '/', httpPart: 'body' });
  const wrong = { name: '', count: 11, share: 'x', kind: 'c', list: 1, when: 1, isOn: 1, odd: 'y', further: 1 };
  const { error } = validate(wrong) as { error?: unknown };
  assert.ok(error instanceof ServiceError);
  assert.deepEqual(Object.fromEntries((error.errors ?? []).map(({ path, message_ru }) => [path, message_ru])), {
    name: 'ожидается строка от 1 до 21 знака',
    count: 'ожидается целое число от 0 до 10',
    share: 'ожидается число не меньше 0 или null',
    kind: 'ожидается одно из: a, b',
    list: 'ожидается массив не больше 5 элементов',
    when: 'ожидается время вида 2026-11-22T07:30:00Z',
    isOn: 'ожидается true или false',
    odd: 'нужно странное',
    missing: 'обязательно',
    further: 'здесь неизвестно',
  });
  assert.match(error.publicMessageRu ?? '', /^missing: обязательно; |name: ожидается строка от 1 до 21 знака/);
});
