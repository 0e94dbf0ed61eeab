const sliceCount = 10;

/** Counts attempts and failures of the last `windowMs` in ten slices, so memory use is constant. */
export function createFailureShare(windowMs: number) {
  const sliceMs = windowMs / sliceCount;
  const attempts = new Array<number>(sliceCount).fill(0);
  const failures = new Array<number>(sliceCount).fill(0);
  let newestSlice = 0;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const forget = (fromSlice: number, toSlice: number): void => {
    for (let slice = fromSlice; slice <= toSlice; slice += 1) {
      attempts[slice % sliceCount] = 0;
      failures[slice % sliceCount] = 0;
    }
  };

  return {
    count(nowMs: number, failed: boolean): { attempts: number; failures: number } {
      // If the clock steps back, count into the newest slice.
      const slice = Math.max(Math.floor(nowMs / sliceMs), newestSlice);
      forget(Math.max(newestSlice + 1, slice - sliceCount + 1), slice);
      newestSlice = slice;
      const at = slice % sliceCount;
      attempts[at] = (attempts[at] ?? 0) + 1;
      if (failed) failures[at] = (failures[at] ?? 0) + 1;
      return { attempts: sum(attempts), failures: sum(failures) };
    },
    clear: () => forget(0, sliceCount - 1),
  };
}
