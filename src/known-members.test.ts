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

test('members that no schema knows are named with their place, at any depth', () => {
  assert.deepEqual(
    unknownIn({ name: 'x', nmae: 1, end: { latitude: 1, lat: 2 }, steps: [{}, { at: { adress: '' } }] }),
    ['nmae', 'end.lat', 'steps[1].at.adress'],
  );
});

test('a choice between one and a list of them knows the members of both', () => {
  assert.deepEqual(unknownIn({ auth: { in: 'x', inn: 'y' } }), ['auth.inn']);
  assert.deepEqual(unknownIn({ auth: [{ in: 'x' }, { inn: 'y' }] }), ['auth[1].inn']);
});

test('members of every form of a choice, of records and of open values are known', () => {
  const value = {
    end: { address: 'x', latitude: 1 },
    cells: [['a', null]],
    where: { любой: 'столбец' },
    anything: { at: { all: true } },
  };
  assert.deepEqual(unknownIn(value), []);
});

test('what is of another kind than its schema is not for this judge', () => {
  assert.deepEqual(unknownIn({ name: { first: 'x' }, end: 'here', steps: { kind: 'a' }, cells: [[{ a: 1 }]] }), []);
  assert.deepEqual(unknownIn(['name']), []);
  assert.deepEqual(unknownIn(null), []);
});

test('a flood of unknown members is named in part', () => {
  const flood = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`m${index}`.padEnd(300, 'x'), 1]));
  const named = unknownIn(flood);
  assert.ok(named.length === 20 && named.every((path) => path.length <= 100));
});
