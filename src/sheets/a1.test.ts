import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type A1Range, A1SyntaxError, columnName, mayOverlap, parseA1, printA1, printFound, printTitle } from './a1.ts';
import { type Area, maxColumns, maxRows } from './area.ts';

const area = (startRow: number, endRow: number | null, startColumn: number, endColumn: number | null): Area => ({
  startRow,
  endRow,
  startColumn,
  endColumn,
});

test('every form of A1 notation is read for what it means', () => {
  const cases: [string, A1Range][] = [
    ['Sheet1!A1:B2', { kind: 'area', title: 'Sheet1', area: area(0, 2, 0, 2) }],
    ['A1', { kind: 'area', title: null, area: area(0, 1, 0, 1) }],
    ['$B$2:$D4', { kind: 'area', title: null, area: area(1, 4, 1, 4) }],
    ['D4:A1', { kind: 'area', title: null, area: area(0, 4, 0, 4) }],
    ['A4:D1', { kind: 'area', title: null, area: area(0, 4, 0, 4) }],
    ['Sheet1!A:C', { kind: 'area', title: 'Sheet1', area: area(0, null, 0, 3) }],
    ['Sheet1!1:2', { kind: 'area', title: 'Sheet1', area: area(0, 2, 0, null) }],
    ['Sheet1!A5:A', { kind: 'area', title: 'Sheet1', area: area(4, null, 0, 1) }],
    ['B2:4', { kind: 'area', title: null, area: area(1, 4, 1, null) }],
    ['a1:b2', { kind: 'area', title: null, area: area(0, 2, 0, 2) }],
    ['Sheet1!R1C1:R2C3', { kind: 'area', title: 'Sheet1', area: area(0, 2, 0, 3) }],
    ['Sheet1', { kind: 'name', name: 'Sheet1' }],
    ['ABCD1', { kind: 'name', name: 'ABCD1' }],
    ['Цены', { kind: 'name', name: 'Цены' }],
    ["'A1'", { kind: 'sheet', title: 'A1' }],
    ["'Лист 1'!A:A", { kind: 'area', title: 'Лист 1', area: area(0, null, 0, 1) }],
    ['Заявки!B2', { kind: 'area', title: 'Заявки', area: area(1, 2, 1, 2) }],
    ["'Ko''chalar'!A1", { kind: 'area', title: "Ko'chalar", area: area(0, 1, 0, 1) }],
    ["Ko'chalar!A1", { kind: 'area', title: "Ko'chalar", area: area(0, 1, 0, 1) }],
    ["'a!b'!A1", { kind: 'area', title: 'a!b', area: area(0, 1, 0, 1) }],
    ['🌵 test 1!A:A', { kind: 'area', title: '🌵 test 1', area: area(0, null, 0, 1) }],
    ['ZZZ10000000', { kind: 'area', title: null, area: area(maxRows - 1, maxRows, maxColumns - 1, maxColumns) }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseA1(text), expected, text);
});

test('what is no range is refused with a reason', () => {
  const bad = ['', '   ', '!A1', 'Sheet1!', 'Sheet1!A0', 'Sheet1!A1:B2:C3', "'Sheet1!A1", "''!A1"];
  bad.push('Sheet1!A', 'Sheet1!7', 'Sheet1!A:3', 'A10000001', 'a\u0000b', 'Sheet1!A1:', 'x'.repeat(301), "'A'A1");
  for (const text of bad) assert.throws(() => parseA1(text), A1SyntaxError, JSON.stringify(text));
});

test('titles are printed as Google prints them', () => {
  assert.equal(printTitle('Sheet1'), 'Sheet1');
  assert.equal(printTitle('test_values'), 'test_values');
  assert.equal(printTitle('A1'), "'A1'");
  assert.equal(printTitle('My Sheet'), "'My Sheet'");
  assert.equal(printTitle('Журнал'), "'Журнал'");
  assert.equal(printTitle("Ko'chalar"), "'Ko''chalar'");
  assert.equal(printFound('Sheet1', area(1, 2, 0, 3)), 'Sheet1!A2:C2');
});

test('a range goes to Google as Google itself would write it', () => {
  const printed = ["'Sheet1'!a1:b2", 'My Sheet!A:B', "'AB1'!C3", "'Sheet1'", 'Sheet1'].map((text) =>
    printA1(parseA1(text)),
  );
  // A title without quotes and without an area would be read as a named range.
  assert.deepEqual(printed, ['Sheet1!A1:B2', "'My Sheet'!A:B", "'AB1'!C3", "'Sheet1'", 'Sheet1']);
});

test('column letters count as Google counts them', () => {
  assert.deepEqual([0, 25, 26, 701, 702, 18_277].map(columnName), ['A', 'Z', 'AA', 'ZZ', 'AAA', 'ZZZ']);
});

const title = fc
  .string({
    minLength: 1,
    maxLength: 40,
    unit: fc.oneof(
      fc.constantFrom("'", '!', ':', ' ', 'Ж', 'o'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => !/\p{Cc}/u.test(text) && text.length <= 100);
const row = fc.integer({ min: 0, max: maxRows - 1 });
const column = fc.integer({ min: 0, max: maxColumns - 1 });
const anyArea: fc.Arbitrary<Area> = fc
  .tuple(row, row, column, column, fc.constantFrom('none', 'row', 'column'))
  .map(([rowA, rowB, columnA, columnB, open]) => ({
    startRow: Math.min(rowA, rowB),
    endRow: open === 'row' ? null : Math.max(rowA, rowB) + 1,
    startColumn: Math.min(columnA, columnB),
    endColumn: open === 'column' ? null : Math.max(columnA, columnB) + 1,
  }));
const anyRange: fc.Arbitrary<A1Range> = fc.oneof(
  fc.record({ kind: fc.constant('area' as const), title: fc.option(title), area: anyArea }, { noNullPrototype: true }),
  fc.record({ kind: fc.constant('sheet' as const), title }, { noNullPrototype: true }),
);

test('a printed range parses to itself', () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      assert.deepEqual(parseA1(printA1(range)), range);
    }),
    { numRuns: 2_000 },
  );
});

test('overlap is decided as counting cells would decide it', () => {
  const small = fc.integer({ min: 0, max: 4 });
  const smallArea = fc
    .tuple(small, small, small, small, fc.constantFrom('none', 'row', 'column'))
    .map(([rowA, rowB, columnA, columnB, open]) =>
      area(
        Math.min(rowA, rowB),
        open === 'row' ? null : Math.max(rowA, rowB) + 1,
        Math.min(columnA, columnB),
        open === 'column' ? null : Math.max(columnA, columnB) + 1,
      ),
    );
  const smallRange = fc.record({
    kind: fc.constant('area' as const),
    title: fc.constantFrom(null, 'One', 'one', 'Two'),
    area: smallArea,
  });
  const cells = (range: { title: string | null; area: Area }): Set<string> => {
    const found = new Set<string>();
    const titles = range.title === null ? ['one', 'two'] : [range.title.toLowerCase()];
    for (const name of titles) {
      for (let r = range.area.startRow; r < (range.area.endRow ?? 6); r++) {
        for (let c = range.area.startColumn; c < (range.area.endColumn ?? 6); c++) found.add(`${name}:${r}:${c}`);
      }
    }
    return found;
  };
  fc.assert(
    fc.property(smallRange, smallRange, (a, b) => {
      const shared = [...cells(a)].some((cell) => cells(b).has(cell));
      assert.equal(mayOverlap(a, b), shared);
      assert.equal(mayOverlap(b, a), shared);
    }),
    { numRuns: 2_000 },
  );
});

test('a name may be anything, anywhere', () => {
  assert.equal(mayOverlap({ kind: 'name', name: 'Prices' }, parseA1("'Other'!Z99")), true);
});

test('a range as people write it is understood, and what only looks like one is explained', () => {
  const area = (text: string) => {
    const range = parseA1(text);
    return range.kind === 'area' ? [range.title, printA1({ ...range, title: null })] : [range.kind, printA1(range)];
  };
  assert.deepEqual(area("'Jon's_Data'!A1:D5"), ["Jon's_Data", 'A1:D5']);
  assert.deepEqual(area("'a'b''c'!A1"), ["a'b'c", 'A1']);
  assert.deepEqual(area(' Journal!A1 '), [' Journal', 'A1']);
  assert.deepEqual(area(" 'Journal'!A1 "), ['Journal', 'A1']);
  assert.deepEqual(area(' A1:B2 '), [null, 'A1:B2']);
  for (const text of ['А1', 'Sheet1!В2:С5', 'А:С'])
    assert.throws(() => parseA1(text), /Cyrillic letters.*cells are [A-C]/);
  assert.deepEqual(area('Журнал'), ['name', 'Журнал']);
  assert.deepEqual(area("'А1'"), ['sheet', "'А1'"]);
});
