/** Words for a rounded duration. */

/** In English and Russian: `40 s`, `12 min`, `3 h`. */
export function spanWords(ms: number): [string, string] {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 120) return [`${seconds} s`, `${seconds} с`];
  if (seconds < 7_200) return [`${Math.round(seconds / 60)} min`, `${Math.round(seconds / 60)} мин`];
  return [`${Math.round(seconds / 3600)} h`, `${Math.round(seconds / 3600)} ч`];
}

/** `2026-11-22 09:14`. */
export function clockTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}
