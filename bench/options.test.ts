import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benches } from './benches.ts';
import { describeUsage, parseOptions, UsageError } from './options.ts';

test('help names every benchmark', () => {
  assert.equal(parseOptions(['--help']), null);
  for (const name of Object.keys(benches)) assert.match(describeUsage(), new RegExp(`^  ${name} `, 'm'));
});

test('an unknown option is reported in a sentence, not as a stack trace', () => {
  assert.throws(() => parseOptions(['--fast']), UsageError);
  assert.throws(() => parseOptions(['cashed']), /no such benchmark: cashed/);
  assert.throws(() => parseOptions(['--without', 'logs']), /no such stage: logs/);
  assert.throws(() => parseOptions(['--rounds', '0']), UsageError);
  assert.throws(() => parseOptions(['stages']), /--without/);
  assert.throws(() => parseOptions(['beside']), /--beside/);
});

test('only a run of all benchmarks at full effort writes the page', () => {
  assert.equal(parseOptions([])?.isWhole, true);
  assert.equal(parseOptions(['--quick'])?.isWhole, false);
  assert.equal(parseOptions(['cached'])?.isWhole, false);
});

test('a quick run leaves out slow benchmarks', () => {
  const names = parseOptions(['--quick'])?.names ?? [];
  assert.ok(names.includes('cached'));
  assert.ok(!names.includes('logs') && !names.includes('stages'));
  assert.deepEqual(parseOptions(['logs', '--quick'])?.names, ['logs']);
});
