import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { findUnknownMembers, knownMembersOf } from './known-members.ts';

const end = Type.Union([
  Type.Object({ latitude: Type.Number(), longitude: Type.Number() }),
  Type.Object({ address: Type.String() }),
  Type.Null(),
]);
const schema = Type.Object({
  name: Type.String(),
  end: Type.Optional(end),
  steps: Type.Array(Type.Object({ kind: Type.Literal('a'), at: Type.Optional(end) })),
  cells: Type.Array(Type.Array(Type.Union([Type.String(), Type.Null()]))),
  where: Type.Record(Type.String(), Type.String()),
  auth: Type.Union([Type.Object({ in: Type.String() }), Type.Array(Type.Object({ in: Type.String() }))]),
  anything: Type.Unknown(),
});
const unknownIn = (value: unknown) => findUnknownMembers(knownMembersOf(schema), value).map(({ path }) => path);

test('unknown members are reported with their path, at any depth', () => {
  assert.deepEqual(
    unknownIn({ name: 'x', nmae: 1, end: { latitude: 1, lat: 2 }, steps: [{}, { at: { adress: '' } }] }),
    ['nmae', 'end.lat', 'steps[1].at.adress'],
  );
});

test('a union of an object and a list of objects knows the members of both', () => {
  assert.deepEqual(unknownIn({ auth: { in: 'x', inn: 'y' } }), ['auth.inn']);
  assert.deepEqual(unknownIn({ auth: [{ in: 'x' }, { inn: 'y' }] }), ['auth[1].inn']);
});

test('members of every alternative of a union, of records and of open values are known', () => {
  const value = {
    end: { address: 'x', latitude: 1 },
    cells: [['a', null]],
    where: { любой: 'столбец' },
    anything: { at: { all: true } },
  };
  assert.deepEqual(unknownIn(value), []);
});

test('a value of the wrong type is not reported: the schema refuses it', () => {
  assert.deepEqual(unknownIn({ name: { first: 'x' }, end: 'here', steps: { kind: 'a' }, cells: [[{ a: 1 }]] }), []);
  assert.deepEqual(unknownIn(['name']), []);
  assert.deepEqual(unknownIn(null), []);
});

test('only the first unknown members of a flood are reported', () => {
  const flood = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`m${index}`.padEnd(300, 'x'), 1]));
  const named = unknownIn(flood);
  assert.ok(named.length === 20 && named.every((path) => path.length <= 100));
});
