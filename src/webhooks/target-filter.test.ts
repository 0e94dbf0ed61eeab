import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonPath } from './target-filter.ts';

test('a path is its names and places, and a name in quotes is one, whatever it holds', () => {
  const paths: [string, string[]][] = [
    ['data.status', ['data', 'status']],
    ['$.data.items[0].kind', ['data', 'items', '0', 'kind']],
    ['$data', ['data']],
    ['items.0', ['items', '0']],
    ['$[*].event', ['*', 'event']],
    ["meta['order.id']", ['meta', 'order.id']],
    ['$["a[0]"].b', ['a[0]', 'b']],
  ];
  for (const [path, parts] of paths) assert.deepEqual(parseJsonPath(path), parts, path);
});

test('what is not a path is refused', () => {
  for (const path of ['', '$', '$.', 'a.', 'a..b', 'a[', 'a[b]', "a['']", 'a]', "a['b'"]) {
    assert.equal(parseJsonPath(path), null, path);
  }
});
