/**
 * A small calculator for formulas: numbers, + - * / and brackets, cells of the same sheet, SUM. Everything else is
 * `#NAME?`.
 */
import { type Cell, type CellValue, renderCell } from './cell.ts';
import { cellAt, type GridState } from './grid.ts';

const maxDepth = 32;
/**
 * Maximum number of cells per evaluation: formulas that refer to each other twice would double the work with every
 * level.
 */
const maxCellsRead = 100_000;

interface Work {
  left: number;
}

class FormulaError extends Error {}

/** The value of the cell, computed at each read. */
export function evaluated(
  grid: GridState,
  cell: Cell | undefined,
  depth = 0,
  work: Work = { left: maxCellsRead },
): Cell | undefined {
  if (cell?.formula === undefined) return cell;
  return { ...cell, value: evaluate(grid, cell.formula.slice(1), depth, work) };
}

function evaluate(grid: GridState, text: string, depth: number, work: Work): CellValue {
  if (depth > maxDepth) return '#REF!';
  const tokens = text.match(/\d+(?:\.\d+)?|[A-Za-z]+\d+|[A-Za-z]+|"[^"]*"|[-+*/():,]|\S/g) ?? [];
  let at = 0;
  const take = (): string | undefined => tokens[at++];

  const cellNumber = (name: string): number => {
    work.left -= 1;
    if (work.left < 0) throw new FormulaError('#REF!');
    const cell = evaluated(grid, cellNamed(grid, name), depth + 1, work);
    const value = renderCell(cell, 'UNFORMATTED_VALUE', 'SERIAL_NUMBER');
    if (typeof value === 'number') return value;
    if (value === '') return 0;
    throw new FormulaError('#VALUE!');
  };
  const sum = (): number => {
    if (take() !== '(') throw new FormulaError('#NAME?');
    const first = take() ?? '';
    const last = tokens[at] === ':' ? (tokens[at + 1] ?? '') : first;
    if (tokens[at] === ':') at += 2;
    if (take() !== ')') throw new FormulaError('#ERROR!');
    return sumOf(grid, first, last, cellNumber);
  };
  const factor = (): number => {
    const token = take();
    if (token === undefined) throw new FormulaError('#ERROR!');
    if (token === '-') return -factor();
    if (token === '+') return factor();
    if (token === '(') {
      const value = expression();
      if (take() !== ')') throw new FormulaError('#ERROR!');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (token.toUpperCase() === 'SUM') return sum();
    if (/^[A-Za-z]+\d+$/.test(token)) return cellNumber(token);
    throw new FormulaError('#NAME?');
  };
  const term = (): number => {
    let value = factor();
    while (tokens[at] === '*' || tokens[at] === '/') {
      const isProduct = take() === '*';
      const by = factor();
      if (!isProduct && by === 0) throw new FormulaError('#DIV/0!');
      value = isProduct ? value * by : value / by;
    }
    return value;
  };
  const expression = (): number => {
    let value = term();
    while (tokens[at] === '+' || tokens[at] === '-') value = take() === '+' ? value + term() : value - term();
    return value;
  };

  try {
    const value = expression();
    return at === tokens.length ? value : '#ERROR!';
  } catch (error) {
    if (error instanceof FormulaError) return error.message;
    throw error;
  }
}

function position(name: string): { row: number; column: number } {
  const match = /^([A-Za-z]+)(\d+)$/.exec(name);
  if (match === null) throw new FormulaError('#NAME?');
  const column = [...(match[1] as string).toUpperCase()].reduce(
    (sum, letter) => sum * 26 + letter.charCodeAt(0) - 64,
    0,
  );
  return { row: Number(match[2]) - 1, column: column - 1 };
}

function cellNamed(grid: GridState, name: string): Cell | undefined {
  const { row, column } = position(name);
  return cellAt(grid, row, column);
}

function sumOf(grid: GridState, first: string, last: string, numberOf: (name: string) => number): number {
  const from = position(first);
  const to = position(last);
  let sum = 0;
  for (let row = from.row; row <= Math.min(to.row, grid.rows.length); row++) {
    for (let column = from.column; column <= Math.min(to.column, grid.columnCount - 1); column++) {
      const cell = cellAt(grid, row, column);
      if (cell === undefined) continue;
      if (typeof cell.value === 'number') sum += cell.value;
      else if (cell.formula !== undefined) sum += numberOf(`${letters(column)}${row + 1}`);
    }
  }
  return sum;
}

function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26));
}
