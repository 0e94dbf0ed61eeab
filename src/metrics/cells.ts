/**
 * Counters and histograms as plain numbers, which Prometheus reads at a scrape. A labelled `inc` of prom-client builds
 * and hashes a label object each time (405 ns); a cell takes three Map look-ups and an addition.
 */

/** The value of a counter for one combination of labels. */
export interface CounterCell {
  value: number;
}

export interface HistogramCell {
  /** One count per bucket, the last for values above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

export interface Cells<Cell> {
  /** The cell of these label values, created at the first call; callers may keep it. */
  of(first: string, second?: string, third?: string): Cell;
  entries(): IterableIterator<readonly [labelValues: readonly string[], cell: Cell]>;
}

/** Further combinations of label values are counted together, with every label `other`. */
const maxCells = 10_000;

/** Creates an empty set of cells. */
export function createCells<Cell>(newCell: () => Cell): Cells<Cell> {
  const byFirst = new Map<string, Map<string, Map<string, Cell>>>();
  let cellCount = 0;

  const childOf = <Child>(parent: Map<string, Child>, key: string, newChild: () => Child): Child => {
    let child = parent.get(key);
    if (child === undefined) {
      child = newChild();
      parent.set(key, child);
    }
    return child;
  };

  const makeCell = (first: string, second: string, third: string): Cell => {
    const full = cellCount >= maxCells;
    const bySecond = childOf(byFirst, full ? 'other' : first, () => new Map<string, Map<string, Cell>>());
    const byThird = childOf(bySecond, full && second !== '' ? 'other' : second, () => new Map<string, Cell>());
    return childOf(byThird, full && third !== '' ? 'other' : third, () => {
      cellCount += 1;
      return newCell();
    });
  };

  return {
    of: (first, second = '', third = '') =>
      byFirst.get(first)?.get(second)?.get(third) ?? makeCell(first, second, third),
    *entries() {
      for (const [first, bySecond] of byFirst) {
        for (const [second, byThird] of bySecond) {
          for (const [third, cell] of byThird) yield [[first, second, third], cell];
        }
      }
    },
  };
}

export const newCounterCell = (): CounterCell => ({ value: 0 });

/** Increases a counter. */
export function add(cell: CounterCell, by: number): void {
  cell.value += by;
}

/** Counts `value` in the first bucket whose bound is not below it. `boundsAscending` must be the cell's own bounds. */
export function observe(cell: HistogramCell, boundsAscending: readonly number[], value: number): void {
  let bucket = 0;
  while (bucket < boundsAscending.length && value > (boundsAscending[bucket] as number)) bucket += 1;
  cell.counts[bucket] = (cell.counts[bucket] as number) + 1;
  cell.sum += value;
}
