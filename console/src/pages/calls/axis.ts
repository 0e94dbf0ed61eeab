/** One time axis for the steps of a call: periods of pure waiting are folded to a fixed width. */

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Axis extends Stretch {
  readonly folds: readonly Stretch[];
  /** From 0 to 100. */
  placeOf(ms: number): number;
  timeAt(place: number): number;
}

const whole = 100;
const foldWidth = 6;
const leastFoldMs = 100;
/** A period that takes a smaller part of the axis does not squeeze the rest. */
const leastFoldShare = 0.25;

/** `busy`: the periods of work. Without them nothing is folded. */
export function axisOf({ fromMs, toMs }: Stretch, busy: readonly Stretch[] | null): Axis {
  const span = { fromMs, toMs: Math.max(toMs, fromMs + 1) };
  const folds = busy === null ? [] : idleOf(span, busy);
  const folded = folds.reduce((sum, fold) => sum + fold.toMs - fold.fromMs, 0);
  const scale = (whole - folds.length * foldWidth) / Math.max(1, span.toMs - span.fromMs - folded);
  const pieces: { fromMs: number; fromPlace: number; perMs: number }[] = [];
  let [ms, place] = [span.fromMs, 0];
  for (const fold of folds) {
    pieces.push({ fromMs: ms, fromPlace: place, perMs: scale });
    place += (fold.fromMs - ms) * scale;
    pieces.push({ fromMs: fold.fromMs, fromPlace: place, perMs: foldWidth / (fold.toMs - fold.fromMs) });
    place += foldWidth;
    ms = fold.toMs;
  }
  pieces.push({ fromMs: ms, fromPlace: place, perMs: scale });
  const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
  return {
    ...span,
    folds,
    placeOf(at) {
      const piece = pieces.findLast((one) => one.fromMs <= at) ?? pieces[0];
      if (piece === undefined) return 0;
      return clamp(piece.fromPlace + (at - piece.fromMs) * piece.perMs, 0, whole);
    },
    timeAt(at) {
      const piece = pieces.findLast((one) => one.fromPlace <= at) ?? pieces[0];
      if (piece === undefined) return span.fromMs;
      return clamp(piece.fromMs + (at - piece.fromPlace) / piece.perMs, span.fromMs, span.toMs);
    },
  };
}

/** The gaps between periods of work that are long enough to be folded. */
function idleOf({ fromMs, toMs }: Stretch, busy: readonly Stretch[]): Stretch[] {
  const least = Math.max(leastFoldMs, (toMs - fromMs) * leastFoldShare);
  const sorted = busy.filter((one) => one.toMs >= fromMs && one.fromMs <= toMs).toSorted((a, b) => a.fromMs - b.fromMs);
  const idle: Stretch[] = [];
  let doneMs = fromMs;
  for (const one of [...sorted, { fromMs: toMs, toMs }]) {
    if (one.fromMs - doneMs >= least) idle.push({ fromMs: doneMs, toMs: one.fromMs });
    doneMs = Math.max(doneMs, one.toMs);
  }
  return idle;
}
