import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterTyped } from './cell.ts';
import { evaluated } from './formula.ts';
import { newGrid, setCell } from './grid.ts';

function worth(formulas: readonly string[]) {
  const grid = newGrid(0, 'Sheet1');
  for (const [row, formula] of formulas.entries()) setCell(grid, row, 0, enterTyped(formula));
  return evaluated(grid, grid.rows[0]?.[0] ?? undefined)?.value;
}

test('formulas of numbers, cells and sums have a value', () => {
  assert.equal(worth(['=A2*(2+A3)', '3', '4']), 18);
  assert.equal(worth(['=SUM(A2:B4)', '1', '=A2+1', 'text']), 3);
});

test('no formula blocks the emulator', { timeout: 10_000 }, () => {
  assert.equal(worth(['=SUM(A2:ZZZZZZZ3)', '1', '2']), 3);
  const doubling = Array.from({ length: 32 }, (_, row) => `=A${row + 2}+A${row + 2}`);
  assert.match(String(worth([...doubling, '1'])), /^#/);
  assert.match(String(worth(['=A1+1'])), /^#/);
});
