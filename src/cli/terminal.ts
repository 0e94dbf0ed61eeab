/**
 * A command's output: results on stdout, so that they can be piped; progress and messages on stderr. With `--json`,
 * stdout holds only JSON and no progress bar is drawn.
 */

/** The used part of a stream. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  /** `detail` follows the bar: "3 failed". */
  update(done: number, detail?: string): void;
  end(): void;
}

export interface Terminal {
  readonly isJson: boolean;
  /** The result: `value` as JSON with `--json`, else `text`. */
  result(value: unknown, text: string): void;
  /** One of many results, as it arrives: one JSON object per line with `--json`. */
  line(value: unknown, text: string): void;
  /** A message for a person, not for a pipe. */
  note(text: string): void;
  /** `total`: null if it is not known. */
  progress(label: string, total: number | null): Progress;
}

const barWidth = 24;
const redrawMs = 100;
/** Without a terminal, a progress line is written at most this often. */
const plainIntervalMs = 5_000;

export function createTerminal(out: Screen, err: Screen, isJson: boolean): Terminal {
  return {
    isJson,
    result: (value, text) => void out.write(isJson ? `${JSON.stringify(value, null, 2)}\n` : `${printable(text)}\n`),
    line: (value, text) => void out.write(`${isJson ? JSON.stringify(value) : printable(text)}\n`),
    note: (text) => void err.write(`${printable(text)}\n`),
    progress: (label, total) => (isJson ? silentProgress : startProgress(err, label, total)),
  };
}

/** Control characters and those that turn the direction of text: what a caller wrote into a name must not steer the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(steering, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const silentProgress: Progress = { update() {}, end() {} };

function startProgress(screen: Screen, label: string, total: number | null): Progress {
  const startedAtMs = performance.now();
  const intervalMs = screen.isTTY === true ? redrawMs : plainIntervalMs;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let last = '';
  let lastDetail = '';
  const draw = (done: number, detail: string): void => {
    last = renderProgress({
      label,
      done,
      total,
      detail: printable(detail),
      elapsedMs: performance.now() - startedAtMs,
    });
    if (screen.isTTY === true) screen.write(`\r\x1b[K${last.slice(0, (screen.columns || 80) - 1)}`);
    else screen.write(`${last}\n`);
  };
  return {
    update(done, detail = '') {
      const nowMs = performance.now();
      // A new detail is shown at once: it may explain why nothing moves for a while.
      if ((total === null || done < total) && detail === lastDetail && nowMs - shownAtMs < intervalMs) return;
      lastDetail = detail;
      shownAtMs = nowMs;
      draw(done, detail);
    },
    end() {
      if (screen.isTTY === true && last !== '') screen.write('\n');
    },
  };
}

export interface ProgressState {
  readonly label: string;
  readonly done: number;
  readonly total: number | null;
  readonly detail: string;
  readonly elapsedMs: number;
}

/** `label [####....] 1200/5000 24% 40/s 1m 35s left · detail`, and without a total `label 1200 40/s · detail`. */
export function renderProgress({ label, done, total, detail, elapsedMs }: ProgressState): string {
  const perSecond = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const pace = done > 0 ? ` ${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s` : '';
  const end = detail === '' ? '' : ` · ${detail}`;
  if (total === null) return `${label} ${done}${pace}${end}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
  const left = done > 0 && done < total ? ` ${renderSeconds((total - done) / perSecond)} left` : '';
  return `${label} ${bar} ${done}/${total} ${Math.floor(share * 100)}%${pace}${left}${end}`;
}

function renderSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}m ${whole % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

/** Columns as wide as their widest cell. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')));
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...shown.map((row) => row[column]?.length ?? 0)),
  );
  const renderRow = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [headers, ...shown].map(renderRow).join('\n');
}
