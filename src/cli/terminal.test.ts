import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal, renderTable } from './terminal.ts';

test('what a caller wrote into a name does not steer the terminal', () => {
  const name = 'a\u001b[2J\u001b]0;title\u0007\u009b1m\u202eb\rc';
  let shown = '';
  const screen = { write: (text: string) => (shown += text) };
  const terminal = createTerminal(screen, screen, false);
  terminal.result({}, renderTable(['NAME'], [[name]]));
  terminal.line({}, name);
  terminal.note(name);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(shown, /a\\u001b\[2J/);
});

test('progress towards an unknown total shows no share, and one line in seconds without a terminal', () => {
  let shown = '';
  const screen = { write: (text: string) => (shown += text) };
  const progress = createTerminal(screen, screen, false).progress('Verifying uk_1: rows', null);
  for (let rows = 1_000; rows <= 50_000; rows += 1_000) progress.update(rows);
  progress.end();
  assert.match(shown, /^Verifying uk_1: rows 1000 \d+\/s\n$/);
});
