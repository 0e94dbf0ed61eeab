import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describedFiles } from './describe-providers.ts';

for (const [path, describe] of Object.entries(describedFiles)) {
  test(`${path} matches the facts of each provider`, () => {
    const text = readFileSync(path, 'utf8');
    assert.equal(text, describe(text), 'run: npm run docs:providers');
  });
}
