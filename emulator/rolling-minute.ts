/** Counts the requests of the last minute exactly, and the maximum of any minute. */
const minuteMs = 60_000;

export class RollingMinute {
  /** Arrival times, oldest first; `#head` is the index of the first one inside the minute. */
  #times: number[] = [];
  #head = 0;
  #most = 0;

  /** Arrivals in (nowMs − 60 s, nowMs]. */
  count(nowMs: number): number {
    while (this.#head < this.#times.length && (this.#times[this.#head] as number) <= nowMs - minuteMs) this.#head += 1;
    // Dropping the expired half limits memory to twice a minute's arrivals.
    if (this.#head > 1_024 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  add(nowMs: number): void {
    this.#times.push(nowMs);
    this.#most = Math.max(this.#most, this.count(nowMs));
  }

  /** Milliseconds until the oldest request leaves the minute. */
  msUntilFree(nowMs: number): number {
    return this.count(nowMs) === 0 ? 0 : (this.#times[this.#head] as number) + minuteMs - nowMs;
  }

  /** The maximum of any minute so far; such a minute always ends with an arrival. */
  get most(): number {
    return this.#most;
  }
}
