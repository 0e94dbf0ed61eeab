import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSliced, renderSliced, sliceLength } from './sliced-json.ts';

const repeated = (piece: string, length: number): string =>
  Array.from({ length: Math.ceil(length / (piece.length + 1)) }, () => piece).join();

/** Texts longer than a slice. */
const long = 3 * sliceLength;
const texts: Readonly<Record<string, string>> = {
  'a list of numbers': `[${repeated('1', long)}]`,
  'rows of one cell': `{"range":"A1","values":[${repeated('[1]', long)}],"after":true}`,
  'one long row': `[[${repeated('"a,]}\\"["', long)}],[]]`,
  'large members one after the other': `[[${repeated('1', long)}],{"a":[${repeated('{"b":null}', long)}],"c":2},3]`,
  'an object of many members': `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":[${index}]`).join()}}`,
  'names that come again': `{"a":1,${Array.from({ length: 60_000 }, (_, index) => `"k${index % 7}":${index}`).join()},"a":2}`,
  'one long text': `["${'x\\n'.repeat(long / 2)}"]`,
  'a text alone': `"${'x'.repeat(long)}"`,
  'blanks everywhere': ` { "a" : [ ${repeated(' [ 1 , "b" ] ', long)} ] , "b" : [ ] } \n`,
  'nested in the middle': `{"o":[{"v":[${repeated('[null,true]', long)}]},{"v":[${repeated('[false]', long)}]}]}`,
  'names with escapes': `{"\\u0061":[${repeated('1', long)}],"\\"":{"b":[${repeated('2', long)}]}}`,
};

test('a large text is parsed as by JSON.parse and rendered as by JSON.stringify', async () => {
  for (const [name, text] of Object.entries(texts)) {
    const expected = JSON.parse(text);
    const value = await parseSliced(text);
    assert.ok(JSON.stringify(value) === JSON.stringify(expected), name);
    assert.ok((await renderSliced(value)) === JSON.stringify(expected), `${name}, written`);
  }
  assert.equal(await renderSliced({ a: undefined, b: [undefined] }), '{"b":[null]}');
});

test('invalid JSON is refused, wherever the fault is', async () => {
  const rows = repeated('[1]', long);
  const wrong = [
    `[${rows},]`,
    `[,${rows}]`,
    `[${rows},,${rows}]`,
    `[${rows}`,
    `${rows}]`,
    `[${rows}]]`,
    `[${rows}] x`,
    `[${rows}}`,
    `{"a":[${rows}] "b":1}`,
    `{"a" [${rows}]}`,
    `{"a":1 [${rows}]}`,
    `{[${rows}]}`,
    `{"a":[${rows}],}`,
    `{,"a":[${rows}]}`,
    `{"a":,"b":[${rows}]}`,
    `{"a":"b":[${rows}]}`,
    `[1 [${rows}]]`,
    `["${'x'.repeat(long)}]`,
    `[${rows},nul]`,
    `[${rows},'a']`,
    `[${'1'.repeat(long)}]`,
    `{"a":${'1'.repeat(long)},"b":[${rows}]}`,
  ];
  for (const text of wrong) {
    await assert.rejects(parseSliced(text), SyntaxError, `${text.slice(0, 20)}…${text.slice(-20)}`);
  }
});

test('the event loop turns during the work', async () => {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const text = `{"values":[${repeated('[1]', 8 * 1024 * 1024)}]}`;
  const value = await parseSliced(text);
  assert.ok(turns >= 8, `${turns} while it was read`);
  turns = 0;
  await renderSliced(value);
  isDone = true;
  assert.ok(turns >= 8, `${turns} while it was written`);
});
