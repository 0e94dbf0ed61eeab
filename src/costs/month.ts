/** The calendar month, in UTC, by which budgets are counted. */
import type { MonthDays } from '../storage/tables/budgets.ts';

export interface Month extends MonthDays {
  /** `2026-11`. */
  readonly name: string;
  /** Unix milliseconds of the start of the next month. */
  readonly endsAtMs: number;
}

let last: Month | null = null;
let lastStartsAtMs = 0;

/** The month that contains this time. Cached, because nearly every call asks for the current month. */
export function monthOf(nowMs: number): Month {
  if (last !== null && nowMs >= lastStartsAtMs && nowMs < last.endsAtMs) return last;
  const date = new Date(nowMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  lastStartsAtMs = Date.UTC(year, month, 1);
  const endsAtMs = Date.UTC(year, month + 1, 1);
  const firstDay = new Date(lastStartsAtMs).toISOString().slice(0, 10);
  const lastDay = new Date(endsAtMs - 1).toISOString().slice(0, 10);
  last = { name: firstDay.slice(0, 7), firstDay, lastDay, endsAtMs };
  return last;
}
