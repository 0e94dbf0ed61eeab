import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harmlessCell, parseCsv, renderCsvRow } from './csv.ts';
import { decodeFile } from './read-file.ts';

test('a list of addresses with commas and without quotes is one column', () => {
  const { headers, rows, delimiter } = parseCsv('address\nТашкент, улица Навои, 5\r\n"Самарканд; ""Регистан"""\n\n');
  assert.deepEqual(headers, ['address']);
  assert.deepEqual(rows, [['Ташкент, улица Навои, 5'], ['Самарканд; "Регистан"']]);
  assert.equal(renderCsvRow(['Ташкент, улица Навои, 5', '41.3'], delimiter), '"Ташкент, улица Навои, 5",41.3\r\n');
});

test('a row that was cut at the comma of its address is named, and empty cells at the end are not minded', () => {
  assert.throws(() => parseCsv('id,address\n1,Бухара\n2,Ташкент, Навои 5\n'), {
    name: 'RangeError',
    message: 'row 2 has 3 cells, the first line names 2: put an address with a "," in double quotes',
  });
  assert.deepEqual(parseCsv('id;address\n1;Бухара, Ленина 3;;\n').rows[0]?.slice(0, 2), ['1', 'Бухара, Ленина 3']);
});

test('no text from outside is a formula to a spreadsheet', () => {
  for (const text of ['=HYPERLINK("http://x")', '+1', '-1', '@sum', '\t=1', '\r=1']) {
    assert.equal(harmlessCell(text), `'${text}`);
  }
  assert.equal(harmlessCell('Ташкент = столица'), 'Ташкент = столица');
});

test('a list of addresses without a header keeps its first row, commas and all', () => {
  for (const text of ['Ташкент, ул. Навои, 5\nБухара\n', 'Бухара\nТашкент, ул. Навои, 5\n', "Navoiy ko'chasi 5\nx\n"]) {
    const { headers, rows } = parseCsv(text);
    assert.deepEqual(headers, ['address']);
    assert.deepEqual(
      rows,
      text
        .trim()
        .split('\n')
        .map((line) => [line]),
    );
  }
  assert.deepEqual(parseCsv('Адрес клиента\nБухара\n').rows, [['Бухара']]);
  assert.deepEqual(parseCsv('id,адрес 1\n1,Бухара\n', (cell) => cell === 'адрес 1').headers, ['id', 'адрес 1']);
});

test('a byte-order mark is remembered, and CR alone ends a line', () => {
  const { headers, rows, hasByteOrderMark } = parseCsv('\uFEFFid;address\r1;Бухара\r2;"Ташкент\rНавои 5"\r');
  assert.equal(hasByteOrderMark, true);
  assert.deepEqual(headers, ['id', 'address']);
  assert.deepEqual(rows, [
    ['1', 'Бухара'],
    ['2', 'Ташкент\rНавои 5'],
  ]);
});

test('a quoted comma in a header with semicolons is no delimiter', () => {
  const { headers, delimiter } = parseCsv('"Адрес, улица, дом";"id, код"\n"Бухара";1\n');
  assert.equal(delimiter, ';');
  assert.deepEqual(headers, ['Адрес, улица, дом', 'id, код']);
});

test('a file of another encoding is read when it is named, and one that is not in it is refused', () => {
  const cyrillic = Buffer.from([0xc1, 0xf3, 0xf5, 0xe0, 0xf0, 0xe0]);
  assert.equal(decodeFile('x.csv', cyrillic, 'windows-1251'), '\uFEFFБухара');
  assert.equal(decodeFile('x.csv', cyrillic, 'CP1251'), '\uFEFFБухара');
  assert.throws(() => decodeFile('x.csv', cyrillic, null), /not UTF-8.*--encoding windows-1251/);
  assert.throws(() => decodeFile('x.csv', cyrillic, 'klingon'), { name: 'UsageError' });
  assert.equal(decodeFile('x.csv', Buffer.from('\uFEFFБухара', 'utf16le'), null), '\uFEFFБухара');
});
