import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harmlessCell, parseCsv, renderCsvRow } from './csv.ts';

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
