/** What a chart reads from its points: the steps of its scale, the point under the cursor, whether there are few. */
import type UPlot from 'uplot';

/** 1, 2 and 5 of every power of ten. */
const wholeSteps = Array.from(
  { length: 36 },
  (_, index) => ([1, 2, 5][index % 3] as number) * 10 ** Math.floor(index / 3),
);
const anySteps = [
  ...Array.from({ length: 27 }, (_, index) => ([1, 2, 5][index % 3] as number) / 10 ** (9 - Math.floor(index / 3))),
  ...wholeSteps,
];
const fewPoints = 12;

/** The steps between the lines of the scale: whole numbers if all values are whole, such as calls. */
export function stepsOf({ data }: UPlot): number[] {
  const isWhole = data
    .slice(1)
    .every((column) => Array.from(column).every((value) => value == null || Number.isInteger(value)));
  return isWhole ? wholeSteps : anySteps;
}

/** Half the width of a label of the time axis, and a little more than the chart's padding beside it. */
const halfLabelPx = 20;
const paddingPx = 8;

export function isCutAt(plot: UPlot, seconds: number): boolean {
  return plot.valToPos(seconds, 'x') + halfLabelPx > plot.bbox.width / devicePixelRatio + paddingPx;
}

/** The point under the cursor: on a line the nearest one, with bars the one whose span contains it. */
export function pointAt(plot: UPlot, isBar: boolean): number | null {
  const { idx, left = -1 } = plot.cursor;
  if (!isBar || idx == null || left < 0) return idx ?? null;
  const at = plot.posToVal(left, 'x');
  const times = plot.data[0];
  return idx > 0 && (times[idx] ?? 0) > at ? idx - 1 : idx;
}

/** A line of single points between gaps would be invisible. */
export function hasFewPoints(plot: UPlot, index: number): boolean {
  return (plot.data[index] ?? []).filter((value) => value !== null && value !== undefined).length <= fewPoints;
}
