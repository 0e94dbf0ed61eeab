/**
 * Records the units of a limit that still count: half-second slices for the minute, one count for each calendar window.
 */

import {
  calendarEndMs,
  calendarStartMs,
  calendarWindows,
  minuteMs,
  sliceMs,
  sliceOf,
  sliceReturnsAtMs,
  windowIndex,
} from './limit-windows.ts';
import type { LimitSubject, WindowType } from './limits.ts';

/** How the units of a subject are counted. */
export interface Counting {
  /** The offset of local time from UTC. */
  readonly offsetMs: number;
  readonly isCountedHereAlone: boolean;
}

/** How the units of this subject are counted. */
export function countingOf(subject: Pick<LimitSubject, 'utcOffsetMinutes' | 'isCountedHereAlone'>): Counting {
  return {
    offsetMs: (subject.utcOffsetMinutes ?? 0) * minuteMs,
    isCountedHereAlone: subject.isCountedHereAlone === true,
  };
}

/** At most 124 slices and three counts. All times come from one clock, which may step back. */
export class Ledger {
  readonly offsetMs: number;
  readonly isCountedHereAlone: boolean;
  /** When the last token of each slice was spent, ascending; `sliceUnits` has the same indexes. */
  private readonly stampsMs: number[] = [];
  private readonly sliceUnits: number[] = [];
  private minuteUnits = 0;
  private readonly starts = [0, 0, 0];
  private readonly counts = [0, 0, 0];

  constructor({ offsetMs, isCountedHereAlone }: Counting) {
    this.offsetMs = offsetMs;
    this.isCountedHereAlone = isCountedHereAlone;
  }

  /** Counts `units` in every window; negative units undo an addition made at the same time. */
  add(nowMs: number, units: number): void {
    this.addToSlice(nowMs, units);
    for (const windowType of calendarWindows) this.addToCalendar(windowType, nowMs, units);
  }

  /** The units that count in this window at `nowMs`. */
  used(windowType: WindowType, nowMs: number): number {
    if (windowType === 'minute') {
      this.dropReturned(nowMs);
      return this.minuteUnits;
    }
    const index = windowIndex(windowType) - 1;
    return this.starts[index] === calendarStartMs(windowType, nowMs, this.offsetMs) ? (this.counts[index] ?? 0) : 0;
  }

  /**
   * Sets the use of the window at `nowMs`. Additional units count as spent now, and the oldest units are removed first,
   * so that no unit returns too early.
   */
  setUsed(windowType: WindowType, nowMs: number, used: number): void {
    const difference = used - this.used(windowType, nowMs);
    if (windowType !== 'minute') this.addToCalendar(windowType, nowMs, difference);
    else if (difference > 0) this.addToSlice(nowMs, difference);
    else this.dropOldest(-difference);
  }

  /** When all units of this window have returned; `nowMs` if none is spent. */
  allFreeAtMs(windowType: WindowType, nowMs: number): number {
    if (windowType !== 'minute') {
      return calendarEndMs(windowType, calendarStartMs(windowType, nowMs, this.offsetMs), this.offsetMs);
    }
    this.dropReturned(nowMs);
    const newest = this.stampsMs.at(-1);
    return newest === undefined ? nowMs : this.returnsAtMs(newest);
  }

  /** Units and their return times, oldest first. */
  *returns(nowMs: number): Generator<{ readonly atMs: number; readonly units: number }> {
    this.dropReturned(nowMs);
    for (let index = 0; index < this.stampsMs.length; index += 1) {
      yield { atMs: this.returnsAtMs(this.stampsMs[index] as number), units: this.sliceUnits[index] as number };
    }
  }

  isEmpty(nowMs: number): boolean {
    return (
      this.used('minute', nowMs) === 0 && calendarWindows.every((windowType) => this.used(windowType, nowMs) === 0)
    );
  }

  /**
   * The format of the write-back script: three pairs of start and count, the number of slices, then slice and units of
   * each.
   */
  encode(nowMs: number): number[] {
    const encoded: number[] = [];
    for (const windowType of calendarWindows) {
      encoded.push(calendarStartMs(windowType, nowMs, this.offsetMs), this.used(windowType, nowMs));
    }
    this.dropReturned(nowMs);
    encoded.push(this.stampsMs.length);
    for (let index = 0; index < this.stampsMs.length; index += 1) {
      const stampMs = this.stampsMs[index] as number;
      encoded.push(this.isCountedHereAlone ? stampMs : sliceOf(stampMs), this.sliceUnits[index] as number);
    }
    return encoded;
  }

  clone(): Ledger {
    const copy = new Ledger(this);
    copy.absorb(this);
    return copy;
  }

  /** Adds all units of `other`, at the times they were spent. */
  absorb(other: Ledger): void {
    for (let index = 0; index < other.stampsMs.length; index += 1) {
      this.addToSlice(other.stampsMs[index] as number, other.sliceUnits[index] as number);
    }
    for (const windowType of calendarWindows) {
      const index = windowIndex(windowType) - 1;
      const count = other.counts[index] as number;
      if (count !== 0) this.addToCalendar(windowType, other.starts[index] as number, count);
    }
  }

  private returnsAtMs(stampMs: number): number {
    return sliceReturnsAtMs(stampMs, this.isCountedHereAlone);
  }

  private addToSlice(stampMs: number, units: number): void {
    const slice = sliceOf(stampMs);
    let index = this.stampsMs.length;
    while (index > 0 && sliceOf(this.stampsMs[index - 1] as number) >= slice) index -= 1;
    const known = this.stampsMs[index];
    if (known !== undefined && sliceOf(known) === slice) {
      this.stampsMs[index] = Math.max(known, stampMs);
      this.sliceUnits[index] = (this.sliceUnits[index] as number) + units;
    } else {
      this.stampsMs.splice(index, 0, stampMs);
      this.sliceUnits.splice(index, 0, units);
    }
    this.minuteUnits += units;
    // Slices are also dropped here, so that a ledger that is only written stays bounded.
    this.dropReturned(sliceOf(this.stampsMs.at(-1) as number) * sliceMs);
  }

  private addToCalendar(windowType: WindowType, atMs: number, units: number): void {
    if (windowType === 'minute') return;
    const index = windowIndex(windowType) - 1;
    const startMs = calendarStartMs(windowType, atMs, this.offsetMs);
    const knownMs = this.starts[index] as number;
    if (startMs < knownMs) return;
    this.counts[index] = startMs === knownMs ? (this.counts[index] as number) + units : units;
    this.starts[index] = startMs;
  }

  private dropReturned(nowMs: number): void {
    while (this.stampsMs.length > 0 && this.returnsAtMs(this.stampsMs[0] as number) <= nowMs) {
      this.stampsMs.shift();
      this.minuteUnits -= this.sliceUnits.shift() as number;
    }
  }

  private dropOldest(units: number): void {
    for (let left = units; left > 0 && this.stampsMs.length > 0; ) {
      const oldest = this.sliceUnits[0] as number;
      const dropped = Math.min(oldest, left);
      left -= dropped;
      this.minuteUnits -= dropped;
      if (dropped < oldest) this.sliceUnits[0] = oldest - dropped;
      else {
        this.stampsMs.shift();
        this.sliceUnits.shift();
      }
    }
  }
}
