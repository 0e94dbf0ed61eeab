/**
 * A chart over time, drawn by uPlot. A sentence, a cursor for the arrow keys and a table accompany the canvas, because
 * a screen reader cannot read a canvas.
 */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import { useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';
import { type ChartSeries, Legend, PointTable, summary, valueText } from './chart-legend.tsx';
import { hatchFill, hatchSpan, markMoments, stackUp } from './chart-marks.ts';
import { hasFewPoints, pointAt, stepsOf } from './chart-points.ts';

interface ChartProps {
  readonly title: string;
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Dragging chooses a range; a click on a point, or Enter on the selected one, chooses the point's span. */
  readonly onRange?: ((fromMs: number, toMs: number) => void) | undefined;
  /** The width of a bar, if each point covers the span that begins with it. */
  readonly barSeconds?: number;
  /** The last point covers a span that has not ended: it is hatched, and the legend reads the one before. */
  readonly isLastFilling?: boolean;
  /** Unix seconds to mark. */
  readonly marks?: readonly number[];
  /** The series are stacked; a gap counts as 0. */
  readonly isStacked?: boolean;
}

const none: readonly number[] = [];

const height = 160;
const paletteSize = 6;
const daySeconds = 86_400;
/** A mouse that moves further between press and release is dragging. */
const clickPx = 4;

function colorOf(color: ChartSeries['color']): string {
  return styleOf(typeof color === 'number' ? `--series-${(color % paletteSize) + 1}` : `--${color}`);
}

function styleOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Chart({
  title,
  times,
  series,
  format,
  onRange,
  barSeconds,
  isLastFilling = false,
  marks = none,
  isStacked = false,
}: ChartProps) {
  const t = useMessages(partsMessages);
  const { formats } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const [isTable, setTable] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  /** Only points selected by the arrow keys are read aloud: the mouse would cause constant speech. */
  const [isRead, setRead] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const titleId = useId();
  const data = useMemo(() => {
    const columns = series.map(({ name, values }) => (hidden.has(name) ? values.map(() => null) : [...values]));
    return [times as number[], ...(isStacked ? stackUp(columns) : columns).reverse()] as UPlot.AlignedData;
  }, [times, series, hidden, isStacked]);
  const shape = series.map((one) => `${one.name}|${one.color}|${one.isDashed}|${one.isBars}|${one.isHatched}`).join();
  const isBar = barSeconds !== undefined && series.some(({ isBars }) => isBars === true);
  const canChoose = onRange !== undefined && barSeconds !== undefined;
  const choose = (index: number | null): void => {
    const at = index === null ? undefined : times[index];
    if (canChoose && at !== undefined) onRange(at * 1_000, (at + barSeconds) * 1_000);
  };
  const latest = useRef({ format, onRange, choose, setCursor, isLastFilling, marks });
  latest.current = { format, onRange, choose, setCursor, isLastFilling, marks };
  const isZero = series.every(({ values }) => values.every((value) => value === null || value === 0));
  const hasPoints = times.length > 0 && series.some(({ values }) => values.some((value) => value !== null));

  // The plot is created again only if its series, language or form change; new numbers are passed below.
  useEffect(() => {
    const holder = box.current;
    if (holder === null || isTable || !hasPoints) return;
    const axis = {
      stroke: () => styleOf('--muted'),
      grid: { stroke: () => styleOf('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    };
    const made = new UPlot(
      {
        width: Math.max(120, holder.clientWidth),
        height,
        ...(barSeconds !== undefined && barSeconds >= daySeconds
          ? { tzDate: (seconds: number) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') }
          : {}),
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: {
          // The others follow the cursor. A drag is this chart's own: theirs would choose a range each.
          sync: { key: 'overview', filters: { pub: (type) => !/^(mousedown|mouseup|dblclick)$/.test(type) } },
          points: { size: 6 },
          drag: { x: onRange !== undefined, y: false, setScale: false },
        },
        scales: {
          // A bar begins at its time: otherwise half of the last one would be cut.
          ...(barSeconds === undefined ? {} : { x: { range: (_plot, low, high) => [low, high + barSeconds] } }),
          y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: 64,
            values: (_plot, ticks) => ticks.map((tick) => tickText(tick, times)),
          },
          {
            ...axis,
            size: 56,
            space: 32,
            incrs: stepsOf,
            values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)),
          },
        ],
        series: [
          {},
          // The first series is drawn last, over the others.
          ...series.toReversed().map(({ name, color, isDashed, isBars, isHatched }) => ({
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
          })),
        ],
        hooks: {
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
        },
      },
      data,
      holder,
    );
    plot.current = made;
    let pressedPx = 0;
    made.over.addEventListener('mousedown', ({ clientX }) => {
      pressedPx = clientX;
    });
    made.over.addEventListener('click', ({ clientX }) => {
      if (Math.abs(clientX - pressedPx) < clickPx) latest.current.choose(pointAt(made, isBar));
    });
    const watch = new ResizeObserver(() => {
      if (holder.clientWidth > 0) made.setSize({ width: holder.clientWidth, height });
    });
    watch.observe(holder);
    const themes = new MutationObserver(() => made.redraw());
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      watch.disconnect();
      themes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, barSeconds, canChoose, isTable, hasPoints, formats]);
  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [marks, isLastFilling]);

  const toggle = (name: string): void =>
    setHidden(hidden.has(name) ? new Set([...hidden].filter((one) => one !== name)) : new Set([...hidden, name]));

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      choose(cursor);
      return;
    }
    // With Alt the arrows belong to the browser: Back and Forward.
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(times.length - 1, (cursor ?? (step > 0 ? -1 : times.length)) + step));
    setCursor(next);
    setRead(true);
    const made = plot.current;
    // To the middle of a bar, whose left edge is its time.
    const at = (times[next] ?? 0) + (isBar ? barSeconds / 2 : 0);
    if (made !== null) made.setCursor({ left: made.valToPos(at, 'x'), top: 10 });
  };
  // Whole days are UTC: in any other zone they would get the name of the day before or after.
  const isDays = barSeconds !== undefined && barSeconds >= daySeconds;
  const timeText = (seconds: number): string => {
    const iso = new Date(seconds * 1_000).toISOString();
    return isDays ? formats.day(iso) : formats.dateTime(iso);
  };
  const read = cursor ?? times.length - (isLastFilling ? 2 : 1);
  const pointText = (index: number): string =>
    `${timeText(times[index] ?? 0)}: ${series
      .filter(({ name }) => !hidden.has(name))
      .map(({ name, values }) => `${name} ${valueText(values[index], format)}`)
      .join(', ')}`;
  return (
    <figure class="chart" aria-labelledby={titleId}>
      <figcaption>
        <span id={titleId} class="chart-title">
          {title}
        </span>
        <button
          type="button"
          class="button small plain"
          aria-pressed={isTable}
          aria-disabled={!hasPoints}
          onClick={() => setTable(!isTable)}
        >
          {t('asTable')}
          <span class="visually-hidden">: {title}</span>
        </button>
      </figcaption>
      <Legend
        series={series}
        hidden={hidden}
        onToggle={toggle}
        textOf={({ values }) => valueText(values[read], format)}
        time={cursor !== null && times[read] !== undefined ? timeText(times[read]) : ''}
      />
      <p class="visually-hidden" role="status">
        {isRead && times[read] !== undefined && pointText(read)}
      </p>
      {!hasPoints && <p class="empty">{t('noPoints')}</p>}
      {hasPoints && !isTable && (
        <div
          class={canChoose ? 'chart-box leads' : 'chart-box'}
          tabIndex={0}
          role="img"
          aria-label={`${summary(title, series, format, t)} ${t('chartKeys')}${canChoose ? ` ${t('chartEnter')}` : ''}`}
          onKeyDown={onKeyDown}
          onBlur={() => setRead(false)}
          ref={box}
        />
      )}
      {hasPoints && !isTable && isZero && (
        <p class="chart-none" aria-hidden="true">
          {t('allZero')}
        </p>
      )}
      {hasPoints && isTable && (
        <PointTable title={title} times={times} series={series} timeText={timeText} format={format} />
      )}
    </figure>
  );

  function tickText(seconds: number, all: readonly number[]): string {
    const span = (all.at(-1) ?? 0) - (all[0] ?? 0);
    const date = new Date(seconds * 1_000);
    const options: Intl.DateTimeFormatOptions = isDays
      ? { day: 'numeric', month: 'short', timeZone: 'UTC' }
      : span === 0 || span > 172_800
        ? { day: 'numeric', month: 'short' }
        : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(date);
  }
}
