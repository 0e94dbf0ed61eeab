/** uPlot's part of a chart: its axes, series and hooks, and its life in a box. */
import UPlot from 'uplot';
import type { ChartSeries } from './chart-legend.tsx';
import { hatchFill, hatchSpan, markMoments } from './chart-marks.ts';
import { hasFewPoints, isCutAt, pointAt, stepsOf } from './chart-points.ts';

const height = 160;
const paletteSize = 6;
const daySeconds = 86_400;
/** A mouse that moves further between press and release is dragging. */
const clickPx = 4;

/** What a plot is created for; if it changes, the plot is created again. */
interface PlotShape {
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** The width of a bar, if each point covers the span that begins with it. */
  readonly barSeconds: number | undefined;
  readonly isBar: boolean;
  /** Whether dragging chooses a range. */
  readonly canDrag: boolean;
}

/** What may change without a new plot. */
export interface Latest {
  format(value: number): string;
  onRange: ((fromMs: number, toMs: number) => void) | undefined;
  choose(index: number | null): void;
  setCursor(index: number | null): void;
  readonly isLastFilling: boolean;
  /** Unix seconds. */
  readonly marks: readonly number[];
}

type LatestRef = { readonly current: Latest };

/** Draws the plot into the box, and follows the box's width and the theme until `close`. */
export function openPlot(
  holder: HTMLElement,
  shape: PlotShape,
  data: UPlot.AlignedData,
  latest: LatestRef,
): { readonly plot: UPlot; close(): void } {
  const plot = new UPlot(optionsOf(holder, shape, latest), data, holder);
  let pressedPx = 0;
  plot.over.addEventListener('mousedown', ({ clientX }) => {
    pressedPx = clientX;
  });
  plot.over.addEventListener('click', ({ clientX }) => {
    if (Math.abs(clientX - pressedPx) < clickPx) latest.current.choose(pointAt(plot, shape.isBar));
  });
  const watch = new ResizeObserver(() => {
    if (holder.clientWidth > 0) plot.setSize({ width: holder.clientWidth, height });
  });
  watch.observe(holder);
  const themes = new MutationObserver(() => plot.redraw());
  themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return {
    plot,
    close() {
      watch.disconnect();
      themes.disconnect();
      plot.destroy();
    },
  };
}

/** Whether a point covers a day or more: whole days are UTC. */
export function coversDays(barSeconds: number | undefined): boolean {
  return barSeconds !== undefined && barSeconds >= daySeconds;
}

function optionsOf(holder: HTMLElement, shape: PlotShape, latest: LatestRef): UPlot.Options {
  const { series, barSeconds } = shape;
  return {
    width: Math.max(120, holder.clientWidth),
    height,
    ...(coversDays(barSeconds)
      ? { tzDate: (seconds: number) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') }
      : {}),
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      // The others follow the cursor. A drag is this chart's own: theirs would choose a range each.
      sync: { key: 'overview', filters: { pub: (type) => !/^(mousedown|mouseup|dblclick)$/.test(type) } },
      points: { size: 6 },
      drag: { x: shape.canDrag, y: false, setScale: false },
    },
    scales: {
      // A bar begins at its time: otherwise half of the last one would be cut.
      ...(barSeconds === undefined ? {} : { x: { range: (_plot, low, high) => [low, high + barSeconds] } }),
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: axesOf(shape, latest),
    // The first series is drawn last, over the others.
    series: [{}, ...series.toReversed().map((one) => lineOf(one, barSeconds))],
    hooks: hooksOf(shape, latest),
  };
}

function axesOf({ times, barSeconds }: PlotShape, latest: LatestRef): UPlot.Axis[] {
  const axis = {
    stroke: () => styleOf('--muted'),
    grid: { stroke: () => styleOf('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  };
  const spanSeconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const tickText = tickFormat(spanSeconds, coversDays(barSeconds));
  return [
    {
      ...axis,
      size: 26,
      space: 64,
      // A label that would be cut at the right edge is left out.
      values: (plot, ticks) => ticks.map((tick) => (isCutAt(plot, tick) ? '' : tickText(tick))),
    },
    {
      ...axis,
      size: 56,
      space: 32,
      incrs: stepsOf,
      values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)),
    },
  ];
}

function tickFormat(spanSeconds: number, isDays: boolean): (seconds: number) => string {
  const options: Intl.DateTimeFormatOptions = isDays
    ? { day: 'numeric', month: 'short', timeZone: 'UTC' }
    : spanSeconds === 0 || spanSeconds > 2 * daySeconds
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const format = new Intl.DateTimeFormat(document.documentElement.lang, options);
  return (seconds) => format.format(new Date(seconds * 1_000));
}

function lineOf(
  { name, color, isDashed, isBars, isHatched }: ChartSeries,
  barSeconds: number | undefined,
): UPlot.Series {
  return {
    label: name,
    stroke: () => colorOf(color),
    width: isBars === true ? 0 : 2,
    ...(isDashed === true ? { dash: [6, 4] } : {}),
    ...(isBars === true
      ? {
          paths: UPlot.paths.bars?.({
            size: [0.8, 24],
            align: barSeconds === undefined ? 0 : 1,
          }) as UPlot.Series.PathBuilder,
          fill: (self: UPlot) =>
            isHatched === true || color === 'bad' ? hatchFill(self.ctx, colorOf(color)) : colorOf(color),
          points: { show: false },
        }
      : { points: { show: hasFewPoints } }),
  };
}

function hooksOf({ barSeconds, isBar }: PlotShape, latest: LatestRef): UPlot.Hooks.Arrays {
  return {
    draw: [
      (self) => {
        const [before = 0, last = 0] = (self.data[0] ?? []).slice(-2);
        if (latest.current.isLastFilling) {
          const [from, to] = isBar ? [last, last + (barSeconds ?? 0)] : [before, last];
          hatchSpan(self, from, to, styleOf('--panel'));
        }
        markMoments(self, latest.current.marks, styleOf('--accent'));
      },
    ],
    setCursor: [(self) => latest.current.setCursor(pointAt(self, isBar))],
    setSelect: [
      (self) => {
        const { left, width } = self.select;
        if (width < clickPx) return;
        latest.current.onRange?.(self.posToVal(left, 'x') * 1_000, self.posToVal(left + width, 'x') * 1_000);
        self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      },
    ],
  };
}

function colorOf(color: ChartSeries['color']): string {
  return styleOf(typeof color === 'number' ? `--series-${(color % paletteSize) + 1}` : `--${color}`);
}

function styleOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
