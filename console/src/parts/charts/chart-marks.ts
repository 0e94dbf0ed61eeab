/** Marks drawn over a chart: the incomplete bucket, and moments to highlight. */
import type UPlot from 'uplot';

const stripePixels = 7;

/** Stripes in the panel's colour over a span of seconds that is not complete yet. */
export function hatchSpan(plot: UPlot, fromSeconds: number, toSeconds: number, color: string): void {
  const { ctx, bbox } = plot;
  const left = plot.valToPos(fromSeconds, 'x', true);
  const right = Math.min(plot.valToPos(toSeconds, 'x', true), bbox.left + bbox.width);
  if (right <= left) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.beginPath();
  ctx.strokeStyle = color;
  ctx.lineWidth = (stripePixels * devicePixelRatio) / 2;
  for (let x = left - bbox.height; x < right; x += stripePixels * devicePixelRatio) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/** A dashed line from top to bottom with a wedge at its head. */
export function markMoments(plot: UPlot, seconds: readonly number[], color: string): void {
  const { ctx, bbox } = plot;
  const wedge = 4 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (const at of seconds) {
    const x = Math.round(plot.valToPos(at, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x - wedge, bbox.top);
    ctx.lineTo(x + wedge, bbox.top);
    ctx.lineTo(x, bbox.top + wedge * 1.5);
    ctx.fill();
  }
  ctx.restore();
}

/** A fill of stripes. */
export function hatchFill(ctx: CanvasRenderingContext2D, color: string): CanvasPattern | string {
  const side = 6 * devicePixelRatio;
  const tile = document.createElement('canvas');
  tile.width = side;
  tile.height = side;
  const brush = tile.getContext('2d');
  if (brush === null) return color;
  brush.strokeStyle = color;
  brush.lineWidth = side / 3;
  for (const shift of [-side, 0, side]) {
    brush.moveTo(shift, side);
    brush.lineTo(shift + side, 0);
  }
  brush.stroke();
  return ctx.createPattern(tile, 'repeat') ?? color;
}

/** Each column is the sum of itself and those before it: drawn from last to first, they appear stacked. */
export function stackUp(columns: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  for (const column of columns) {
    const below = sums.at(-1);
    sums.push(column.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return sums;
}
