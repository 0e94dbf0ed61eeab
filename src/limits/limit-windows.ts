/**
 * When a spent unit counts, and until when. The Lua in `rate-limit-scripts.ts` uses the same constants.
 *
 * Minute: a token bucket whose spent tokens return one by one, in slices of half a second. A slice returns a minute
 * after its end plus a margin. The margin is needed because the provider counts a call on arrival: a slow call and a
 * fast one a minute later must not arrive within one minute. A token is thus away for 62 to 62.5 s, and 96 % of the
 * limit is usable under steady load.
 *
 * Limits that only this program counts, such as a tenant's family, need no margin: a slice stores the time of its last
 * token and returns a minute after it, so that no token returns early and no refusal lasts longer than a minute.
 *
 * Hour, day and month: calendar windows, as providers bill them, in UTC or shifted by the subject's offset.
 */
import { type WindowType, windowTypes } from './limits.ts';

/** Spent tokens of the minute are counted and return by slices of this length. */
export const sliceMs = 500;
export const minuteMs = 60_000;
/** A grant expires if the process was too busy to use it for this long. */
export const grantFreshMs = 1_000;
/**
 * Maximum difference between two calls in the time from the decision to the provider's count, in this process and in
 * the network.
 */
const arrivalMarginMs = grantFreshMs + 1_000;
/** From the end of a slice to the return of its tokens. */
export const returnAfterMs = minuteMs + arrivalMarginMs;
/** Longer back-offs are cut, so that a provider is asked again every quarter of an hour. */
export const backOffMsMax = 900_000;

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** The number of the slice that contains this time. */
export function sliceOf(nowMs: number): number {
  return Math.floor(nowMs / sliceMs);
}

/** When the tokens of a slice return; `stampMs` is the time of its last token. */
export function sliceReturnsAtMs(stampMs: number, isCountedHereAlone: boolean): number {
  return isCountedHereAlone ? stampMs + minuteMs : (sliceOf(stampMs) + 1) * sliceMs + returnAfterMs;
}

/** From when on spent tokens of the minute still count at `nowMs`. */
export function minuteStartMs(nowMs: number, isCountedHereAlone: boolean): number {
  return isCountedHereAlone ? nowMs - minuteMs : sliceOf(nowMs - returnAfterMs) * sliceMs;
}

export type CalendarWindow = Exclude<WindowType, 'minute'>;
export const calendarWindows: readonly CalendarWindow[] = ['hour', 'day', 'month'];

/** The index of a window in the order minute, hour, day, month. */
export function windowIndex(windowType: WindowType): number {
  return windowTypes.indexOf(windowType);
}

/** The start of the window, in Unix milliseconds; `offsetMs` is the offset of local time from UTC. */
export function calendarStartMs(windowType: CalendarWindow, nowMs: number, offsetMs: number): number {
  const localMs = nowMs + offsetMs;
  if (windowType === 'hour') return localMs - modulo(localMs, hourMs) - offsetMs;
  if (windowType === 'day') return localMs - modulo(localMs, dayMs) - offsetMs;
  return monthOf(localMs).startMs - offsetMs;
}

/** The end of the window that begins at `startMs`. */
export function calendarEndMs(windowType: CalendarWindow, startMs: number, offsetMs: number): number {
  if (windowType === 'hour') return startMs + hourMs;
  if (windowType === 'day') return startMs + dayMs;
  return monthOf(startMs + offsetMs).endMs - offsetMs;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** Cached, because nearly every call asks for the current month and creating a Date is the largest cost. */
let lastMonth = { startMs: 0, endMs: 0 };

function monthOf(localMs: number): { readonly startMs: number; readonly endMs: number } {
  if (localMs < lastMonth.startMs || localMs >= lastMonth.endMs) {
    const date = new Date(localMs);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    lastMonth = { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
  }
  return lastMonth;
}
