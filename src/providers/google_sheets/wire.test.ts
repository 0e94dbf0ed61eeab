import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProviderReply } from '../provider.ts';
import { readMetadata } from './sheets-wire.ts';
import { parseReply, readValueRange } from './wire.ts';

const replyOf = (text: string): ProviderReply => ({ status: 200, headers: {}, body: Buffer.from(text) });

test('a large reply is parsed to what JSON.parse makes of it', async () => {
  const cell = fc.oneof(
    fc.string(),
    fc.constantFrom('"values": [', '],[', '\\', 'Ж"'),
    fc.double({ noNaN: true }),
    fc.boolean(),
  );
  const filler = Array.from({ length: 20_000 }, (_, row) => [row, 'заполнение "строки"', '[,]']);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(cell)), fc.boolean(), async (rows, pretty) => {
      const ranges = [
        { range: 'Sheet1!A1:B2', majorDimension: 'ROWS', values: [...rows, ...filler] },
        { range: 'Sheet1!Z1', majorDimension: 'ROWS' },
        { range: "'values'!A1", majorDimension: 'ROWS', values: rows },
      ];
      const text = JSON.stringify({ spreadsheetId: 'x', valueRanges: ranges }, null, pretty ? 2 : 0);
      assert.deepEqual(await parseReply(replyOf(text)), JSON.parse(text));
    }),
    { numRuns: 15 },
  );
});

test('a large reply that is cut or spoilt is no JSON', async () => {
  const whole = JSON.stringify({ range: 'A1', values: Array.from({ length: 60_000 }, (_, row) => [row, 'text']) });
  assert.ok(whole.length > 600_000);
  assert.equal(await parseReply(replyOf(whole.slice(0, -3))), undefined);
  assert.equal(await parseReply(replyOf(whole.slice(0, whole.length / 2))), undefined);
  assert.equal(await parseReply(replyOf(whole.replace('[500,"text"]', '[500,text]'))), undefined);
  assert.equal(await parseReply(replyOf(whole.replace('[500,"text"]', '[500,"text"},'))), undefined);
});

test('ten megabytes are parsed in slices that let others run', async (t) => {
  const values = Array.from({ length: 20_000 }, (_, row) =>
    Array.from({ length: 20 }, (_, column) => `ячейка ${row}:${column}`),
  );
  const reply = replyOf(JSON.stringify({ range: 'A1', values }, null, 2));
  let slices = 0;
  const count = (): void => {
    slices += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const startedAt = performance.now();
  const parsed = readValueRange(await parseReply(reply));
  clearImmediate(immediate);
  t.diagnostic(
    `${(reply.body.length / 2 ** 20).toFixed(1)} MiB in ${slices} slices, ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  assert.equal(parsed?.values.length, 20_000);
  assert.ok(slices >= Math.floor(reply.body.length / (1024 * 1024)));
});

test('a range without values is empty, and a list where none belongs is refused', () => {
  assert.deepEqual(readValueRange({ range: 'A1', majorDimension: 'ROWS' }), { range: 'A1', values: [] });
  assert.equal(readValueRange({ range: 'A1', values: 'x' }), null);
  assert.equal(readValueRange({ values: [] }), null);
  assert.equal(readMetadata({ error: {} }), null);
});
