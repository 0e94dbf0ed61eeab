/**
 * Draws each dashboard approximately as Grafana does: every panel of the JSON at its place, with title, unit,
 * thresholds and Prometheus' answers to its queries. An empty panel says so.
 */
import { globSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { chromium } from 'playwright-core';
import { formatUnit } from './dashboard-units.ts';

export interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
}

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly decimals?: number;
      readonly max?: number;
      readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] };
      readonly mappings?: readonly { readonly options: Readonly<Record<string, { readonly text: string }>> }[];
      readonly custom?: { readonly stacking?: { readonly mode: string }; readonly fillOpacity?: number };
    };
  };
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix seconds, and a number as text. */
  readonly values?: readonly (readonly [number, string])[];
  readonly value?: readonly [number, string];
}

interface Drawn {
  readonly name: string;
  readonly points: readonly { readonly atS: number; readonly value: number }[];
}

export interface DrawOptions {
  readonly prometheusUrl: string;
  readonly browserPath: string;
  readonly folder: string;
  /** The values of Grafana's variables in a query. */
  fill(expr: string): string;
  /** The time range of a graph, in seconds up to now. */
  readonly spanS: number;
}

/** Seconds between two points of a graph. */
const stepS = 1;
const cellWidth = 56;
const cellHeight = 34;
const palette = [
  '#73bf69',
  '#f2cc0c',
  '#5794f2',
  '#ff780a',
  '#e02f44',
  '#b877d9',
  '#37872d',
  '#8ab8ff',
  '#ffa6b0',
  '#ca95e5',
];
const thresholdColors: Readonly<Record<string, string>> = { green: '#73bf69', yellow: '#f2cc0c', red: '#e02f44' };

/** Writes `<dashboard's file name>.png` into the folder, and returns the paths. */
export async function drawDashboards(dashboardsFolder: string, options: DrawOptions): Promise<readonly string[]> {
  await mkdir(options.folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: options.browserPath,
    args: ['--no-sandbox', '--disable-lcd-text'],
  });
  try {
    const written: string[] = [];
    for (const file of globSync(join(dashboardsFolder, '*.json')).sort()) {
      const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
      const page = await browser.newPage({ viewport: { width: 24 * cellWidth + 32, height: 400 } });
      await page.setContent(await renderDashboard(dashboard, options));
      const path = join(options.folder, `${basename(file, '.json')}.png`);
      await page.screenshot({ path, fullPage: true });
      await page.close();
      written.push(path);
    }
    return written;
  } finally {
    await browser.close();
  }
}

async function renderDashboard({ title, panels }: Dashboard, options: DrawOptions): Promise<string> {
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * cellHeight;
  const drawn = await Promise.all(panels.map((panel) => renderPanel(panel, options)));
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 16px; background: #111217; color: #ccccdc; font: 12px "DejaVu Sans", sans-serif }
    h1 { font-size: 18px; margin: 0 0 12px } h2 { font-size: 12px; margin: 0; display: inline }
    .panel { position: absolute; box-sizing: border-box; padding: 6px 8px; background: #181b1f; border: 1px solid #2c3235; overflow: hidden }
    .note { color: #8e8e9a; font-size: 10px; margin-left: 6px } .empty { color: #8e8e9a; text-align: center; padding-top: 24px }
    .stat { font-size: 30px; text-align: center; padding-top: 22px }
    table { width: 100%; border-collapse: collapse; font-size: 11px } td, th { text-align: left; padding: 1px 6px } td.n, th.n { text-align: right }
    i { display: inline-block; width: 9px; height: 9px; margin-right: 5px } .row { background: none; border: 0; font-weight: bold }
  </style><h1>${escapeHtml(title)}</h1><div style="position: relative; height: ${height}px">${drawn.join('')}</div>`;
}

async function renderPanel(panel: Panel, options: DrawOptions): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const box = { width: w * cellWidth - 6, height: h * cellHeight - 6 };
  const place = `left: ${x * cellWidth}px; top: ${y * cellHeight}px; width: ${box.width}px; height: ${box.height}px`;
  const head = `<h2>${escapeHtml(panel.title)}</h2><span class="note">${escapeHtml(panel.description ?? '')}</span>`;
  if (panel.type === 'row') return `<div class="panel row" style="${place}">${head}</div>`;
  const series = await askAll(panel, options);
  const body = series.length === 0 ? '<div class="empty">No data</div>' : renderBody(panel, series, box);
  return `<div class="panel" style="${place}">${head}${body}</div>`;
}

function renderBody(panel: Panel, series: readonly Drawn[], box: { width: number; height: number }): string {
  switch (panel.type) {
    case 'stat':
      return `<div class="stat">${series.map((one) => coloured(panel, lastOf(one))).join(' ')}</div>`;
    case 'bargauge':
      return renderBars(panel, series);
    case 'table':
      return renderTable(panel, series);
    case 'timeseries':
      return renderGraph(panel, series, box);
    default:
      throw new Error(`cannot draw a panel of the type ${panel.type}`);
  }
}

async function askAll(panel: Panel, options: DrawOptions): Promise<readonly Drawn[]> {
  const isRange = panel.type === 'timeseries';
  const endS = Date.now() / 1000;
  const all = await Promise.all(
    (panel.targets ?? []).map(async ({ expr, legendFormat }) => {
      const span = { start: String(endS - options.spanS), end: String(endS), step: String(stepS) };
      const query = new URLSearchParams({ query: options.fill(expr), ...(isRange ? span : {}) });
      const reply = await fetch(`${options.prometheusUrl}/api/v1/${isRange ? 'query_range' : 'query'}?${query}`);
      const { data } = (await reply.json()) as { data?: { result: readonly Series[] } };
      return (data?.result ?? []).map((one) => drawnOf(one, legendFormat));
    }),
  );
  return all.flat().filter(({ points }) => points.length > 0);
}

function drawnOf({ metric, values, value }: Series, legendFormat = '__auto'): Drawn {
  const labels = Object.entries(metric).filter(([name]) => name !== '__name__');
  const auto = labels.map(([, text]) => text).join(' ');
  const name =
    legendFormat === '__auto' ? auto : legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '');
  const points = (values ?? (value === undefined ? [] : [value]))
    .map(([atS, text]) => ({ atS, value: Number(text) }))
    .filter((point) => Number.isFinite(point.value));
  return { name, points };
}

function lastOf({ points }: Drawn): number {
  return points.at(-1)?.value ?? Number.NaN;
}

function shown({ fieldConfig }: Panel, value: number): string {
  const { unit, decimals, mappings = [] } = fieldConfig?.defaults ?? {};
  const mapped = mappings.map(({ options }) => options[String(value)]?.text).find((text) => text !== undefined);
  return mapped ?? formatUnit(value, unit ?? 'short', decimals);
}

function colorOf({ fieldConfig }: Panel, value: number): string {
  const steps = fieldConfig?.defaults.thresholds?.steps ?? [];
  const step = steps.filter((one) => one.value === null || value >= one.value).at(-1);
  return thresholdColors[step?.color ?? ''] ?? '#ccccdc';
}

function coloured(panel: Panel, value: number): string {
  return `<span style="color: ${colorOf(panel, value)}">${shown(panel, value)}</span>`;
}

function renderBars(panel: Panel, series: readonly Drawn[]): string {
  const max = panel.fieldConfig?.defaults.max ?? Math.max(...series.map(lastOf));
  const rows = series.map((one) => {
    const value = lastOf(one);
    const share = Math.min(100, (100 * value) / max);
    const bar = `<div style="background: #2c3235"><div style="height: 12px; width: ${share}%; background: ${colorOf(panel, value)}"></div></div>`;
    return `<tr><td style="width: 34%">${escapeHtml(one.name)}<td>${bar}<td class="n" style="width: 70px">${coloured(panel, value)}`;
  });
  return `<table style="margin-top: 8px">${rows.join('')}</table>`;
}

function renderTable(panel: Panel, series: readonly Drawn[]): string {
  const sorted = series.toSorted((a, b) => lastOf(b) - lastOf(a));
  const rows = sorted.map((one) => `<tr><td>${escapeHtml(one.name)}<td class="n">${shown(panel, lastOf(one))}`);
  return `<table style="margin-top: 8px"><tr><th>Labels<th class="n">Value${rows.join('')}</table>`;
}

const legendRowHeight = 16;
const maxLegendRows = 5;

function renderGraph(panel: Panel, series: readonly Drawn[], box: { width: number; height: number }): string {
  const legendRows = Math.min(series.length, maxLegendRows);
  const [left, width] = [62, box.width - 16 - 62];
  const height = box.height - 34 - (legendRows + 1) * legendRowHeight - 14;
  const { custom, max, thresholds } = panel.fieldConfig?.defaults ?? {};
  const isStacked = custom?.stacking?.mode === 'normal';
  const lines = isStacked ? stack(series) : series.map(({ points }) => points);
  const times = lines.flat().map(({ atS }) => atS);
  const [fromS, toS] = [Math.min(...times), Math.max(...times)];
  const top = max ?? (Math.max(...lines.flat().map(({ value }) => value)) * 1.05 || 1);
  const x = (atS: number): string => (left + ((atS - fromS) / Math.max(1, toS - fromS)) * width).toFixed(1);
  const y = (value: number): string => (6 + height * (1 - Math.min(value, top) / top)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(top * part);
    return `<line x1="${left}" x2="${left + width}" y1="${at}" y2="${at}" stroke="#2c3235"/><text x="${left - 5}" y="${Number(at) + 4}" text-anchor="end" font-size="10" fill="#8e8e9a">${shown(panel, top * part)}</text>`;
  });
  const limits = (thresholds?.steps ?? [])
    .filter(({ value }) => value !== null && value <= top)
    .map(
      ({ value, color }) =>
        `<line x1="${left}" x2="${left + width}" y1="${y(value ?? 0)}" y2="${y(value ?? 0)}" stroke="${thresholdColors[color]}" stroke-dasharray="4"/>`,
    );
  const drawn = lines.map((points, index) => {
    const path = points.map(({ atS, value }, at) => {
      const isGap = atS - (points[at - 1]?.atS ?? Number.NEGATIVE_INFINITY) > 1.5 * stepS;
      return `${isGap ? 'M' : 'L'}${x(atS)},${y(value)}`;
    });
    return `<path d="${path.join(' ')}" fill="none" stroke="${palette[index % palette.length]}" stroke-width="1.5"/>`;
  });
  const legend = series.slice(0, maxLegendRows).map((one, index) => {
    const largest = Math.max(...one.points.map(({ value }) => value));
    return `<tr><td><i style="background: ${palette[index % palette.length]}"></i>${escapeHtml(one.name)}<td class="n">${shown(panel, lastOf(one))}<td class="n">${shown(panel, largest)}`;
  });
  const more =
    series.length > maxLegendRows ? `and ${series.length - maxLegendRows} more (scrolled to in Grafana)` : '';
  return `<svg width="${box.width - 16}" height="${height + 12}">${grid.join('')}${limits.join('')}${drawn.join('')}</svg>
    <table><tr><th>${isStacked ? 'stacked ' : ''}${more}<th class="n">last<th class="n">max${legend.join('')}</table>`;
}

/** Stacks each series on those before it; a missing value adds nothing. */
function stack(series: readonly Drawn[]): Drawn['points'][] {
  const below = new Map<number, number>();
  return series.map(({ points }) =>
    points.map(({ atS, value }) => {
      const sum = (below.get(atS) ?? 0) + value;
      below.set(atS, sum);
      return { atS, value: sum };
    }),
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
