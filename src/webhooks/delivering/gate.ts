/** Lets a fixed number of tasks run at once; the others wait in their order. Its owner limits how many can wait. */
export function createGate(width: number): { run<T>(work: () => Promise<T>): Promise<T> } {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (inside >= width) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside += 1;
      try {
        return await work();
      } finally {
        // The place passes directly to the next task, so that no other one takes it first.
        const next = waiting.shift();
        if (next === undefined) inside -= 1;
        else next();
      }
    },
  };
}
