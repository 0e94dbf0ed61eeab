import type { TestContext } from 'node:test';

/** The part of a test's context that helpers need to clean up after themselves. */
export type Cleanup = Pick<TestContext, 'after'>;

const reversed = new WeakSet<Cleanup>();

/**
 * Runs everything registered with `t.after` from now on last in, first out: node:test runs it in the order of
 * registration, which would drop a database under a running relay. Every helper calls this first; a clean-up that fails
 * does not stop the others.
 */
export function closeInReverse(t: Cleanup): void {
  if (reversed.has(t)) return;
  reversed.add(t);
  const opened: (() => unknown)[] = [];
  t.after(async () => {
    const errors: unknown[] = [];
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'several clean-ups failed after the test');
  });
  Object.defineProperty(t, 'after', { value: (close: () => unknown) => void opened.push(close) });
}
